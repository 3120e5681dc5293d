"""`spanport convert`: the same records in another format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from spanport.cli import arguments as a

if TYPE_CHECKING:
    from spanport.formats import Format
    from spanport.formats.inputs import Input
    from spanport.output import Output, Part


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport convert news.conll news.jsonl")
    def convert(
        files: Annotated[
            list[str],
            typer.Argument(help="Files, patterns or folders to read, and last the file or folder to write."),
        ],
        input_format: a.InputFormat = None,
        format: a.Format = None,
        lang: Annotated[str, typer.Option(help="Language of records that name none.")] = "",
        text_column: a.TextColumn = None,
        tokens_column: a.TokensColumn = None,
        labels_column: a.LabelsColumn = None,
        offsets: a.Offsets = "codepoints",
        map_labels: a.MapLabels = "",
        sentences: a.Sentences = False,
        rejects: a.Rejects = None,
        fresh: a.Fresh = False,
    ) -> int:
        """Change the format of labelled text, and rename or drop labels; with --sentences a record each.

        A record that cannot be read, or that the other format cannot hold, goes to the rejects file.
        """
        from spanport.cli.files import JobFiles, job_input, reading
        from spanport.cli.jobs import run_parts
        from spanport.cli.labels import report_unmapped
        from spanport.errors import UsageError
        from spanport.formats import FORMATS
        from spanport.job import Job

        if len(files) < 2:
            raise UsageError("name what to read and, last, what to write: spanport convert news.conll news.jsonl")
        columns = (text_column, tokens_column, labels_column)
        how = reading(lang, *columns, offsets=offsets, map_labels=map_labels)
        source = job_input(files[:-1], input_format, "--input-format", how, piped=None)
        written = JobFiles(
            files[-1], rejects, format, fallback="jsonl", inputs=[source], fresh=fresh, sentences=sentences
        )
        form, met = FORMATS[written.format], set[str]()
        code = run_parts(
            written,
            lambda output: _parts(source, form, output, sentences, met),
            Job(task="convert", language=how.language, files=written.record),
        )
        report_unmapped(how.map_labels, met, source.name)
        return code


def _parts(source: Input, form: Format, output: Output, sentences: bool, met: set[str]) -> Iterator[Part]:
    from itertools import islice

    from spanport.documents import split_document
    from spanport.errors import RecordError
    from spanport.formats import Read
    from spanport.formats.writing import encoded
    from spanport.output import Part, Reject

    for result in islice(source.read(met), output.completed, None):
        file = result.file or source.name
        if not isinstance(result, Read):
            yield Part(result.line, rejects=[Reject.of(result.line, result.error, result.record, file)])
            continue
        try:
            records = [p.sentence for p in split_document(result.sentence)] if sentences else [result.sentence]
            yield Part(result.line, b"".join([encoded(form, record) for record in records]))
        except RecordError as error:
            yield Part(result.line, rejects=[Reject.of(result.line, error, result.sentence.text, file)])
