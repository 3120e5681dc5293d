"""`spanport compare`: several systems on labelled data of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanport.cli import arguments as a
from spanport.cli.console import counting, print_json, say, table
from spanport.cli.labels import Labels
from spanport.cli.named import Named
from spanport.errors import UsageError
from spanport.shown import counted

if TYPE_CHECKING:
    from spanport.api import Engine
    from spanport.compare import SystemSpec
    from spanport.evaluate import Comparison


Data = Annotated[
    str,
    typer.Argument(help="Labelled file or pattern, or folder of several languages; {lang} stands in."),
]
Systems = Annotated[
    str, typer.Option(help="Systems, separated by commas, as NAME or NAME:OPTION=VALUE; all: every one.")
]
Languages = Annotated[str, typer.Option(help="Languages, separated by commas; of a folder, all by default.")]
Part = Annotated[str, typer.Option(help="In a folder, the files of this part.")]
Source = Annotated[str | None, typer.Option(help="Labelled sources, line by line; else translated.")]
LabelSource = Annotated[
    bool, typer.Option("--label-source", help="Label the given sources by the bundle's classifier.")
]
Alignments = Annotated[str | None, typer.Option(help="Pharaoh file source-target.")]
Swap = Annotated[bool, typer.Option("--swap", help="The alignments are target-source.")]
Pivot = Annotated[str, typer.Option(help="Language of the sources.")]
Ignore = Annotated[str, typer.Option(help="Labels left out of gold and predictions.")]
Limit = Annotated[int, typer.Option(min=0, help="Only the first sentences of each file; 0 is all.")]
SourceFormat = Annotated[str | None, typer.Option(help="Format of the sources.")]
Page = Annotated[str | None, typer.Option(help="Write a page with plots and differing sentences.")]
Markdown = Annotated[str | None, typer.Option(help="Write the tables as Markdown.")]
Figures = Annotated[str | None, typer.Option(help="Write the figures as JSON; - is standard output.")]


def add(app: typer.Typer) -> None:
    """Enter the command."""
    app.command(epilog="Example: spanport compare gold.es.conll --systems ngram,heuristic,calibrated --lang es")(
        compare
    )


def compare(
    data: Data = "",
    systems: Systems = "ngram,heuristic,calibrated",
    lang: Languages = "",
    part: Part = "test",
    benchmark: a.Benchmark = "",
    folder: a.DataFolder = "",
    source: Source = None,
    label_source: LabelSource = False,
    alignments: Alignments = None,
    swap: Swap = False,
    pivot: Pivot = "eng_Latn",
    ignore: Ignore = "",
    limit: Limit = 0,
    input_format: a.InputFormat = None,
    source_format: SourceFormat = None,
    text_column: a.TextColumn = None,
    tokens_column: a.TokensColumn = None,
    labels_column: a.LabelsColumn = None,
    offsets: a.Offsets = "codepoints",
    map_labels: a.MapLabels = "",
    bundle: a.Bundle = "mini",
    html: Page = None,
    markdown: Markdown = None,
    json: Figures = None,
    aligner: a.Aligner = "hybrid",
    device: a.Device = "auto",
    threads: a.Threads = 0,
    replace: a.Replace = False,
) -> int:
    """Compare projection systems on labelled data.

    Every sentence is translated, encoded and aligned once, for all systems. F1 comes with 95% intervals and a
    paired test against the best system; each system's settings are written to the JSON and the page. With
    --benchmark labels that it does not count are ignored, and means over languages stand beside published ones.
    """
    from spanport.cli.files import reading
    from spanport.compare import parse_systems
    from spanport.output import check_outputs

    how = reading("", text_column, tokens_column, labels_column, offsets=offsets, map_labels=map_labels)
    specs, codes = parse_systems(systems), _list(lang)
    named = Named(benchmark, folder or data, part) if benchmark else None
    sets = _sets(named, data, codes, part)
    if named:
        source, ignore = source or named.source, ignore or ",".join(named.benchmark.ignored)
        input_format = input_format or named.benchmark.format
    files = [path for code, gold in sets for path in (gold, _fill(source, code), _fill(alignments, code)) if path]
    outputs = {"page": html, "Markdown": markdown, "figures": json}
    check_outputs(outputs, files, replace=None if replace else "--replace")
    given: dict[str, Any] = {
        "reading": how, "input_format": input_format, "source": source, "source_format": source_format,
        "source_language": pivot, "alignments": alignments, "swap": swap, "limit": limit,
    }  # fmt: skip
    with a.engine(bundle, device, threads, aligner=aligner) as engine:
        done, lost = _run(engine, sets, specs, given, named, label_source, _list(ignore), quiet=json == "-")
    _write(done, html, markdown, json, _means(named, sets, done, quiet=json == "-"))
    return 1 if lost else 0


def _sets(named: Named | None, data: str, codes: list[str], part: str) -> list[tuple[str, str]]:
    """Code and file of each data set."""
    from spanport.compare import find_sets

    if named:
        return named.sets(codes)
    if not data:
        raise UsageError("name a labelled file or a folder, or a data set with --benchmark and --data")
    return find_sets(data, codes, part)


def _run(
    engine: Engine,
    sets: list[tuple[str, str]],
    specs: list[SystemSpec],
    given: dict[str, Any],
    named: Named | None,
    label_source: bool,
    ignore: list[str],
    *,
    quiet: bool,
) -> tuple[list[Comparison], int]:
    """The comparison on each data set, read as ``given`` says, and how many sentences were lost."""
    from spanport.compare import compare_systems, load_set, run_systems, warm_up

    done: list[Comparison] = []
    lost, pivot = 0, given["source_language"]
    warm_up(engine, specs)
    for code, path in sets:
        filled = {name: _fill(given[name], code) for name in ("source", "alignments")}
        found = load_set(code, path, **{**given, **filled})
        found = named.cleaned(found, code) if named else found
        with counting(Path(path).name, len(found.gold)) as advance:
            outcomes = run_systems(engine, found, specs, pivot=pivot, label_source=label_source, progress=advance)
        Labels(path, found=any(sentence.spans for sentence in found.gold)).report()
        lost += _say_lost(path, found.rejected, outcomes.failed)
        done.append(compare_systems(found, outcomes, ignore=ignore))
        if not quiet:
            _print(done[-1], outcomes.shared)
    return done, lost


def _means(
    named: Named | None, sets: list[tuple[str, str]], done: list[Comparison], *, quiet: bool
) -> list[dict[str, str]]:
    """Means over the languages of a benchmark, printed unless quiet."""
    if not named:
        return []
    means = named.means([code for code, _ in sets], done)
    if not quiet:
        named.show(means)
    return means


def _print(comparison: Comparison, shared: float) -> None:
    rows, labels = [], list(dict.fromkeys(label for system in comparison.systems for label in system.label_f1))
    for system in comparison.systems:
        micro, test = system.scores.micro, system.against_best
        figures = [_percent(value) for value in (micro.precision, micro.recall, micro.f1)]
        sure = f"{_percent(system.f1.low)}-{_percent(system.f1.high)}"
        p = f"{test.p_value:.3f}" if test else "best"
        ece = f"{system.reliability.ece:.3f}" if system.reliability.count else ""
        rows.append((system.name, *figures, sure, p, ece, f"{system.seconds or 0:.2f}"))
    title = f"{comparison.title}: {counted(comparison.sentences, 'sentence')}, F1 x 100"
    table(("system", "P", "R", "F1", "95%", "p", "ECE", "s"), rows, title=title)
    by_label = [
        (s.name, *(_percent(s.label_f1[label].value) if label in s.label_f1 else "" for label in labels))
        for s in comparison.systems
    ]
    table(("F1 by label", *labels), by_label)
    differing = counted(comparison.disagreeing, "sentence")
    say(f"{differing} on which the systems differ; {shared:.1f} s for what they share")


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _write(
    done: list[Comparison], html: str | None, markdown: str | None, json: str | None, means: list[dict[str, str]]
) -> None:
    from spanport.report import markdown_table, markdown_text, render

    if html:
        Path(html).write_text(render(done), "utf-8")
    if markdown:
        parts = [f"## {markdown_text(c.title)}\n\n{markdown_table(c.to_rows())}" for c in done]
        Path(markdown).write_text("\n".join([*parts, *([markdown_table(means)] if means else [])]), "utf-8")
    if json:
        figures = [_figures(comparison) for comparison in done]
        if json == "-":
            print_json(figures)
        else:
            import msgspec

            Path(json).write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")


def _figures(comparison: Comparison) -> dict[str, Any]:
    """A comparison without its sentences."""
    return {
        "title": comparison.title,
        "sentences": comparison.sentences,
        "ignored": comparison.ignored,
        "systems": [
            {**row, "options": system.options, "mistakes": system.mistakes.to_row()}
            for row, system in zip(comparison.to_rows(), comparison.systems, strict=True)
        ],
        "agreement": comparison.agreement,
        "disagreeing": comparison.disagreeing,
    }


def _say_lost(path: str, rejected: list[Any], failed: dict[int, Exception]) -> int:
    for record in rejected[:3]:
        say(f"{path}: the record on line {record.line} is left out: {record.error}")
    for number, error in list(failed.items())[:3]:
        say(f"{path}: sentence {number + 1} could not be processed, so no system labels it: {error}")
    lost = len(rejected) + len(failed)
    if lost > 3:
        say(f"{path}: {lost} such sentences in all")
    return lost


def _fill(path: str | None, code: str) -> str | None:
    return path.replace("{lang}", code) if path else None


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
