"""`spanport evaluate`: scores of labels or of alignments against gold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanport.cli import arguments as a
from spanport.cli.console import print_json, table
from spanport.cli.labels import Labels

if TYPE_CHECKING:
    from spanport.formats.records import Reading


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport evaluate gold.conll predicted.conll --ignore MISC,DATE")
    def evaluate(
        gold: Annotated[str, typer.Argument(help="Labelled file, or Pharaoh alignments (ipj: possible links).")],
        predicted: Annotated[
            str, typer.Argument(help="The same sentences as labelled by a system; alone with --benchmark.")
        ] = "",
        ignore: Annotated[str, typer.Option(help="Labels to leave out on both sides, separated by commas.")] = "",
        gold_format: Annotated[str | None, typer.Option(help="Format of the gold file.")] = None,
        predicted_format: Annotated[str | None, typer.Option(help="Format of the other.")] = None,
        text_column: a.TextColumn = None,
        tokens_column: a.TokensColumn = None,
        labels_column: a.LabelsColumn = None,
        offsets: a.Offsets = "codepoints",
        map_labels: a.MapLabels = "",
        benchmark: a.Benchmark = "",
        folder: a.DataFolder = "",
        lang: Annotated[str, typer.Option(help="Language of the data set; several, and {lang} in the path.")] = "",
        json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Entity precision, recall and F1 per label and over all, as seqeval has them; for alignments also AER.

        With them come a 95% bootstrap interval of F1, what kinds of mistakes there are, and, where the predicted
        spans carry confidences, how well these are calibrated. With --benchmark the gold file is that of a data set,
        and the figures stand beside published ones. Columns and offsets are those of the gold file; --map-labels is
        for both.
        """
        from spanport.cli.files import reading
        from spanport.errors import UsageError
        from spanport.formats import holds_alignments

        if benchmark:
            if predicted:
                raise UsageError(f"--benchmark {benchmark} brings the gold file: name the predicted one alone")
            _benchmark(benchmark, folder, [code for code in lang.split(",") if code], gold, predicted_format, json)
            return
        if not predicted:
            raise UsageError(f"name the file of predictions after {gold}, or a data set with --benchmark")
        if holds_alignments(gold):
            _alignments(gold, predicted, json)
            return
        ignored = [label.strip() for label in ignore.split(",") if label.strip()]
        columns = (text_column, tokens_column, labels_column)
        how = reading("", *columns, offsets=offsets, map_labels=map_labels)
        wanted = _sentences(gold, gold_format, how)
        found = _sentences(predicted, predicted_format, reading("", map_labels=map_labels))
        Labels(gold, found=any(sentence.spans for sentence in wanted)).report()
        _entities(wanted, found, ignored, json)


def _benchmark(name: str, folder: str, codes: list[str], path: str, format: str | None, json: bool) -> None:
    """The predictions of each language, ``{lang}`` in their path standing for it, against a data set's gold."""
    from spanport.cli.named import Named
    from spanport.compare import average, bare_words, published_on
    from spanport.errors import UsageError
    from spanport.evaluate import count_entities

    if not codes or (len(codes) > 1 and "{lang}" not in path):
        raise UsageError(f"--benchmark {name}: name the language with --lang, or several and {{lang}} in the path")
    named = Named(name, folder)
    scores = {}
    for code, file in named.sets(codes):
        gold = [bare_words(one, code) for one in _sentences(file, named.benchmark.format)]
        found = [bare_words(one, code) for one in _sentences(path.replace("{lang}", code), format)]
        if len(codes) == 1 and not json:
            _entities(gold, found, list(named.benchmark.ignored), json)
        scores[code] = count_entities(gold, found, named.benchmark.ignored).scores()
    if json:
        print_json({"benchmark": name, "ignored": named.benchmark.ignored, "scores": scores})
        return
    ours = {Path(path).name: {code: one.micro.f1 for code, one in scores.items()}}
    named.show(average({**ours, **published_on(name, list(scores))}))


def _entities(gold: list[Any], predicted: list[Any], ignored: list[str], json: bool) -> None:
    from spanport.evaluate import calibration, count_entities, count_mistakes, interval

    counts = count_entities(gold, predicted, ignored)
    scores, mistakes = counts.scores(), count_mistakes(gold, predicted, ignored)
    f1 = interval(counts.micro_rows())
    reliable = calibration(gold, predicted, ignored)
    if json:
        print_json({"scores": scores, "f1_interval": f1, "mistakes": mistakes, "reliability": reliable})
        return
    names = ("precision", "recall", "f1", "correct", "predicted", "gold")
    rows = [(row["label"], *[_shown(row[name]) for name in names]) for row in scores.to_rows()]
    table(("label", *names), rows)
    table(("mistakes", "number"), mistakes.to_row().items())
    facts = [
        ("F1, 95% interval", f"{f1.low:.4f} to {f1.high:.4f}"),
        ("projection ratio", f"{scores.projection_ratio:.4f}"),
    ]
    if reliable.count:
        facts.append(("expected calibration error", f"{reliable.ece:.4f}"))
    table(("", "value"), facts)


def _alignments(gold: str, predicted: str, json: bool) -> None:
    from spanport.evaluate import count_links
    from spanport.formats import read_alignments

    links = [(item.alignment, item.possible) for item in _intact(gold, read_alignments(gold))]
    scores = count_links(links, [item.alignment for item in _intact(predicted, read_alignments(predicted))]).scores()
    if json:
        print_json(scores)
    else:
        table(("alignment", "value"), [(name, _shown(value)) for name, value in scores.to_row().items()])


def _sentences(path: str, format: str | None, how: Reading | None = None) -> list[Any]:
    from spanport.cli.files import job_input, reading

    option = "--gold-format or --predicted-format"
    source = job_input(path, format, option, how or reading(""), piped=None, labelled=True)
    return [item.sentence for item in _intact(source.name, source.read())]


def _intact(path: str, results: Iterable[Any]) -> Iterable[Any]:
    """The records of a file all of which must be readable; UsageError names the first that is not."""
    from spanport.errors import UsageError
    from spanport.formats import Rejected

    for result in results:
        if isinstance(result, Rejected):
            file = result.file or path
            raise UsageError(f"{file}, line {result.line}: {result.error}; scores need every record")
        yield result


def _shown(value: float | int) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
