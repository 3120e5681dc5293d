"""Which jobs over files are done in bulk."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from spanport.bulk.table_feeds import table_schema
from spanport.formats.parquet_tags import TAGGED
from spanport.job import Job
from spanport.systems.base import Matcher, System


def fits(job: Job, system: System) -> Literal["", "lines", "tables"]:
    """Whether `project_files` (lines) or `project_tables` does a job over files as the ordinary path does.

    Uncompressed regular files, CoNLL or tables in and out, given links, and a system that matches by links alone.
    """
    files, settings = job.files, system.settings
    if not isinstance(system, Matcher) or system.needs != {"source", "links"} or settings.drop_labels:
        return ""
    if (
        files.links
        or files.min_confidence
        or any(len(given.paths) > 1 or given.reading.map_labels for given in files.inputs)
    ):
        return ""
    if not is_plain(*(path for given in files.inputs for path in given.paths)):
        return ""
    forms = [given.format for given in files.inputs]
    if [*forms, files.format] == ["conll", "conll", "pharaoh", "conll"]:
        return "lines"
    tables = {"parquet", "arrow", TAGGED}
    if forms[2:] != ["pharaoh"] or not set(forms[:2]) <= tables or files.format not in tables:
        return ""
    schemas = list(map(table_schema, files.inputs[:2]))
    if None in schemas:
        return ""
    # tags alone do not keep how words were written
    return "" if files.format == TAGGED and "text" in schemas[1].names else "tables"


def is_plain(*paths: str) -> bool:
    """Whether all are uncompressed regular files."""
    return all(Path(path).is_file() and not path.lower().endswith((".gz", ".zst")) for path in paths)
