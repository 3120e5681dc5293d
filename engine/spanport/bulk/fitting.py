"""Which jobs over files are done in bulk."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Literal

from spanport.bulk.layout import layout_of
from spanport.formats.arrow import parquet_table
from spanport.formats.inputs import Input
from spanport.formats.parquet_tags import TAGGED
from spanport.job import Job
from spanport.systems.base import Matcher, System


def fits(job: Job, system: System) -> Literal["", "lines", "tables"]:
    """Whether `project_files` (lines) or `project_tables` does a job over files as the ordinary path does.

    Uncompressed regular files, CoNLL or Parquet in and out, given links, and a system that matches by links alone.
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
    tables = {"parquet", TAGGED}
    if forms[2:] != ["pharaoh"] or not set(forms[:2]) <= tables or files.format not in tables:
        return ""
    if not all(map(_has_layout, files.inputs[:2])):
        return ""
    return "" if files.format == TAGGED and _has_text(files.inputs[1]) else "tables"


def is_plain(*paths: str) -> bool:
    """Whether all are uncompressed regular files."""
    return all(Path(path).is_file() and not path.lower().endswith((".gz", ".zst")) for path in paths)


def _has_layout(given: Input) -> bool:
    with closing(parquet_table(given.paths[0])) as table:
        return layout_of(table.schema_arrow, given.reading) is not None


def _has_text(given: Input) -> bool:
    """Whether a table says how its words were written, which tags alone do not keep."""
    with closing(parquet_table(given.paths[0])) as table:
        return "text" in table.schema_arrow.names
