"""The record of a job: all that decides what it makes of its records, in one place.

Runs start from it, and so does the fingerprint by which a stopped job is known again: a field that is not named
neutral here cannot be left out of that.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from spanport.formats.inputs import Input
from spanport.options import AlignOptions, EncodeOptions, StreamOptions, SystemOptions, TranslateOptions

Task = Literal["label", "project", "align", "convert"]

_NEUTRAL_STREAM = ("workers", "resident", "spill_block", "spill_folder")


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What a job over files reads (line-parallel where there are several), and how it writes."""

    inputs: tuple[Input, ...] = ()
    format: str = ""
    """Of the output."""
    min_confidence: float = 0.0
    """Spans of less are not written."""
    links: bool = False
    """Word links are written, where the format has names for them."""
    sentences: bool = False
    """Records are documents, of which the sentences are processed."""
    staged: Literal["", "arrow"] = ""
    """What a format that is made when all records are there is made of, if not of JSON lines."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job of an `Engine`; its `Engine.job` makes them.

    ``language`` is that of the texts to label, ``pivot`` that of the labelled side (NLLB codes, "" where unknown).
    ``system`` and ``settings`` are those of the projection, defaults filled in. With ``aligned`` each pair brings its
    links; with ``label_source`` the classifier labels the sources. ``bundle`` is its name, ``models`` the SHA-256 of
    its manifest, ``device`` the one that was granted ("" where no model is run).
    """

    task: Task
    language: str = ""
    pivot: str = ""
    system: str = ""
    settings: SystemOptions | None = None
    aligned: bool = False
    label_source: bool = False
    align: AlignOptions = AlignOptions()
    translate: TranslateOptions = TranslateOptions()
    encode: EncodeOptions = EncodeOptions()
    stream: StreamOptions = StreamOptions()
    bundle: str = ""
    models: str = ""
    device: str = ""
    version: str = ""
    files: Files = Files()

    def __str__(self) -> str:
        by_way = f"{self.language or 'any language'} by way of {self.pivot or 'any'}"
        return f"{self.task} {by_way} with {self.system or 'the aligner'}"

    def fingerprint(self) -> dict[str, Any]:
        """The job as JSON has it, without what its output does not depend on.

        Left out: how many threads work, what stays in memory and where the rest is spilled; the name of the bundle
        (its digest counts) and the paths of the inputs (their contents count, see `spanport.output.journal`).
        """
        record: dict[str, Any] = msgspec.to_builtins(self)
        for name in _NEUTRAL_STREAM:
            del record["stream"][name]
        del record["bundle"]
        for file in record["files"]["inputs"]:
            del file["paths"]
        return record
