"""`spanport view`: a page to look through labelled text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanport.cli import arguments as a
from spanport.cli.console import say

if TYPE_CHECKING:
    from spanport.formats.inputs import Input
    from spanport.report import Viewable


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(
        epilog="Examples: spanport view news.jsonl -o news.html; "
        "spanport view es.conll --source en.conll --alignments en-es.pharaoh -o es.html"
    )
    def view(
        input: Annotated[list[str], typer.Argument(help="Labelled files, patterns or folders, or what a job wrote.")],
        output: Annotated[str, typer.Option("--output", "-o", help="The page to write; - is standard output.")],
        source: Annotated[str | None, typer.Option(help="Sources of the same lines, to show above.")] = None,
        alignments: Annotated[str | None, typer.Option(help="Pharaoh file source-target, to show the links.")] = None,
        sample: Annotated[
            int, typer.Option(min=1, help="Most records on the page; of more so many are drawn.")
        ] = 2000,
        title: Annotated[str | None, typer.Option(help="Title of the page; default: the name of the file.")] = None,
        input_format: a.InputFormat = None,
        source_format: Annotated[str | None, typer.Option(help="Format of the sources.")] = None,
        text_column: a.TextColumn = None,
        tokens_column: a.TokensColumn = None,
        labels_column: a.LabelsColumn = None,
        offsets: a.Offsets = "codepoints",
        map_labels: a.MapLabels = "",
        replace: a.Replace = False,
    ) -> int:
        """Make a page to look through labelled text: source above target, filters, search, links on hover.

        The page is one file that needs no network. What a job wrote as JSON lines shows its sources by itself; for
        other files name them with --source. Records that cannot be read are left out and counted.
        """
        from spanport.cli.files import job_input, reading
        from spanport.errors import UsageError
        from spanport.output import check_outputs
        from spanport.report import sample as draw
        from spanport.report import view_sample
        from spanport.shown import counted

        if alignments and not source:
            raise UsageError("--alignments are of sentence pairs: name the sources too, with --source")
        columns = (text_column, tokens_column, labels_column)
        how = reading("", *columns, offsets=offsets, map_labels=map_labels)
        shown = [job_input(input, input_format, "--input-format", how, piped=None, labelled=True)]
        if source:
            how = reading("", map_labels=map_labels)
            shown.append(job_input(source, source_format, "--source-format", how, piped=None, labelled=True))
        files = [path for given in shown for path in given.paths] + ([alignments] if alignments else [])
        check_outputs({"page": output}, files, replace=None if replace else "--replace")
        rejected: list[Any] = []
        found = draw(_records(shown, alignments, rejected), sample)
        page = view_sample(found, title or Path(shown[0].name).name, unreadable=len(rejected))
        if output == "-":
            typer.get_binary_stream("stdout").write(page.encode())
        else:
            Path(output).write_text(page, "utf-8")
        for line in _left_out(rejected, shown[0], input_format):
            say(line)
        drawn = f"{len(found.records):,} of " if len(found.records) < found.total else ""
        say(f"{drawn}{counted(found.total, 'record')} on {output}")
        return 1 if rejected else 0


def _left_out(rejected: list[Any], given: Input, format: str | None) -> Iterator[str]:
    """What is said of records that could not be read."""
    for reject in rejected[:3]:
        yield f"line {reject.line} is left out: {reject.error}"
    if rejected and format is None and given.format == "conll" and given.paths[0].endswith(".txt"):
        yield "a .txt file is read as columns of words and labels; --from text reads it as sentences"


def _records(shown: list[Input], alignments: str | None, rejected: list[Any]) -> Iterator[tuple[int, Viewable]]:
    """What can be read, with the line on which it starts; the rest goes to ``rejected``."""
    from spanport.formats import Rejected, parallel, read_alignments
    from spanport.formats.outcomes import Outcomes
    from spanport.types import Pair

    readers: list[Any] = [(given.name, given.read()) for given in shown]
    if alignments:
        readers.append((alignments, read_alignments(alignments)))
    target, *others = shown
    by_line = not others and target.format == "jsonl" and len(target.paths) == 1 and target.paths[0] != "-"
    outcomes = Outcomes(target.paths[0]) if by_line else None
    for row in parallel(*readers):
        bad = [item for item in row if isinstance(item, Rejected)]
        rejected += bad[:1]
        if bad:
            continue
        if others:
            links = row[2].alignment if alignments else None
            yield row[0].line, Pair(row[1].sentence, row[0].sentence, links)
        else:
            yield row[0].line, outcomes(row[0]) if outcomes else row[0].sentence
