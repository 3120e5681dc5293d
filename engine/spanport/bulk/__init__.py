"""Projection over given alignments at file speed, without a Python object per word."""

from spanport.bulk.project import fits, is_plain, project_files

__all__ = ["fits", "is_plain", "project_files"]
