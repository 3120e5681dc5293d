"""The files of a job: what it reads, in which formats, and where its output, rejects and figures go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from spanport.errors import RecordError, StageError, UsageError
from spanport.formats import Format, find_format
from spanport.formats.extras import check_library
from spanport.formats.inputs import Input, expand, find_input
from spanport.formats.mapping import parse_mapping
from spanport.formats.reading import REJECTS
from spanport.formats.records import Reading
from spanport.formats.writing import check_replaceable, save
from spanport.job import Files, Job
from spanport.output import Output, check_outputs, is_regular


class JobFiles:
    """Where a job reads and writes.

    ``fallback`` is the output's format when neither ``format`` nor the ending says; "pharaoh" is no choice to make.
    ``stats`` is the file that figures of the run are written to. A format that is not written record by record is
    made, when all records are there, of JSON lines beside it (``OUTPUT.part``), which a stopped job goes on with.
    """

    def __init__(
        self,
        output: str,
        rejects: str | None,
        format: str | None,
        *,
        fallback: str,
        inputs: Sequence[Input],
        fresh: bool,
        stats: str | None = None,
        min_confidence: float = 0.0,
        links: bool = False,
        sentences: bool = False,
    ) -> None:
        self.output, self.fresh, self.stats = output, fresh, stats
        self.inputs = [file for given in inputs for path in given.paths for file in _files(path)]
        named = is_regular(output) or Path(output).is_dir()
        self.rejects = rejects or (output if named else "spanport") + REJECTS
        if self.rejects.endswith((".gz", ".zst")):
            raise UsageError(f"--rejects {rejects}: rejects are written as they are, in no compressed file")
        self.format, self.written = fallback, output
        if sentences:
            check_library("sentences")
        self._made_of: Format | None = None
        self._batches = False
        if fallback != "pharaoh" and (format is not None or named):
            form = find_format(output, format, writing=True)
            self.format = form.name
            if form.save:
                if not named:
                    raise UsageError(f"format {form.name!r} is written to a file or folder: name it with -o")
                check_library(form.extra)
                self._made_of, self.written = form, f"{output}.part"
        self.record = Files(
            inputs=tuple(inputs),
            format=self.format,
            min_confidence=min_confidence,
            links=links,
            sentences=sentences,
        )

    @property
    def spill(self) -> str | None:
        """Folder for spilled blocks, beside the output where that is a file: there is room, and no one else's."""
        return f"{self.output}.spill" if is_regular(self.output) else None

    def open(self, job: Job) -> Output:
        """Open output, rejects and journal."""
        made = {"output": self.output} if self._made_of else {}
        option = None if self.fresh else "--fresh"
        check_outputs({"statistics": self.stats, **made}, self.inputs, replace=option)
        if made and Path(self.output).is_dir() and option:
            raise UsageError(f"{self.output} is there already; name another folder, or pass --fresh to replace it")
        if made:
            check_replaceable(self.output)
        return Output(
            self.written,
            self.rejects,
            inputs=self.inputs,
            job=job.fingerprint(),
            stats=self.stats,
            fresh=self.fresh,
        )

    def stage_batches(self, job: Job) -> Job:
        """The job, whose output is made of Arrow streams instead of JSON lines."""
        self._batches = True
        return replace(job, files=replace(job.files, staged="arrow"))

    def finish(self, output: Output) -> None:
        """Complete the output.

        Raises StageError where the format cannot hold what the records say; they are kept as JSON lines.
        """
        if self._made_of:
            output.commit()
            try:
                save(self._made_of, self.written, self.output, batches=self._batches)
            except (RecordError, UsageError) as error:
                raise StageError(f"{self.output}: {error}; the records are in {self.written}") from error
        output.finish()
        if self._made_of:
            Path(self.written).unlink(missing_ok=True)


def job_input(
    given: str | Sequence[str],
    name: str | None,
    option: str,
    reading: Reading,
    *,
    piped: str | None = "text",
    labelled: bool = False,
) -> Input:
    """An input as given, in the format named, else the one its ending says, else what is expected of a pipe.

    With ``labelled`` a ``.txt`` file holds columns. Raises UsageError, which names the ``option`` to pass, where
    nothing says the format.
    """
    paths = expand([given] if isinstance(given, str) else given)
    if name is None and "-" in paths:
        if piped is None:
            raise UsageError(f"standard input has no ending: name its format with {option}")
        name = piped
    return find_input(paths, name, reading, labelled=labelled)


def reading(
    language: str,
    text_column: str | None = None,
    tokens_column: str | None = None,
    labels_column: str | None = None,
    *,
    labels: bool = True,
    offsets: Literal["codepoints", "bytes", "utf16"] = "codepoints",
    map_labels: str = "",
) -> Reading:
    """How an input is read, as options say it."""
    return Reading.of(
        language, labels=labels, text_column=text_column, tokens_column=tokens_column, labels_column=labels_column,
        offsets=offsets, map_labels=parse_mapping(map_labels),
    )  # fmt: skip


def _files(path: str) -> list[str]:
    """The files of an input, which decide whether a stopped job is the same: those in it where it is a folder."""
    folder = Path(path)
    return [str(file) for file in sorted(folder.rglob("*")) if file.is_file()] if folder.is_dir() else [path]
