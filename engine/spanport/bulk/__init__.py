"""Projection over given alignments at file speed, without a Python object per word."""

from spanport.bulk.fitting import fits, is_plain
from spanport.bulk.parquet import project_tables
from spanport.bulk.project import project_files

__all__ = ["fits", "is_plain", "project_files", "project_tables"]
