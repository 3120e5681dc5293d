"""`spanport train`: from text to a tagger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spanport.cli import arguments as a
from spanport.errors import UsageError

Labelled = Annotated[
    list[str] | None, typer.Option(help="Labelled file of another language, FILE or FILE:LANG; repeatable.")
]
Text = Annotated[str | None, typer.Option(help="Text of the language, without labels.")]
Parallel = Annotated[
    tuple[str, str] | None, typer.Option(help="Parallel files: SOURCE, with labels or not, and TARGET.")
]
Links = Annotated[str | None, typer.Option("--alignments", help="Pharaoh file of links of --parallel.")]
Language = Annotated[str, typer.Option(help="Language of the tagger, such as yor_Latn.")]
Folder = Annotated[Path, typer.Option("--output", "-o", help="Folder of the tagger: a bundle.")]
Projected = Annotated[
    str | None,
    typer.Option(help="Text of the language with labels carried over before; JSONL keeps confidences."),
]
Method = Annotated[
    str,
    typer.Option(
        help="direct, projected, teacher, multi, unitrans, advpicker, concner, colada or self; docs/training.md says "
        "what each learns from."
    ),
]
BatchTokens = Annotated[int, typer.Option(min=1, help="Subwords of a batch, padding included.")]
Option = Annotated[
    list[str] | None,
    typer.Option(help="Option of the method, NAME=VALUE, such as rounds=3 (see docs/training.md); repeatable."),
]
Base = Annotated[
    str,
    typer.Option(help="Hugging Face folder to start from, or a bundle that carries one; default: --bundle."),
]
SourceLanguage = Annotated[str, typer.Option(help="Language of the source of --parallel.")]
DropLabels = Annotated[str, typer.Option(help="Labels that are O to the tagger, separated by commas.")]
Dev = Annotated[str | None, typer.Option(help="Gold file of the language, to be scored.")]
Test = Annotated[str | None, typer.Option(help="Another gold file, which --select never sees.")]
Select = Annotated[str, typer.Option(help="target-dev: keep the seed that is best on --dev.")]
Epochs = Annotated[float, typer.Option(min=0.001, help="Passes over the data in each fit.")]
Budget = Annotated[
    float,
    typer.Option(min=0, help="Minutes of processor time; fewer epochs if they take more. 0: no limit."),
]
Seeds = Annotated[str, typer.Option(help="Seeds, separated by commas; the first tagger is kept.")]
Rate = Annotated[float, typer.Option(min=0, help="Peak learning rate; 0: by the base, its width and its labels.")]
Freeze = Annotated[int, typer.Option(min=-1, help="Layers kept as they are, with the embeddings; -1: none.")]
Tau = Annotated[float | None, typer.Option(min=0, max=1, help="Least confidence of a span that is taught.")]
Mask = Annotated[bool, typer.Option(help="Leave doubtful words out instead of teaching O.")]
Weigh = Annotated[bool, typer.Option(help="Weigh words by confidence.")]
SaveSeconds = Annotated[float, typer.Option(min=0, help="Seconds between checkpoints.")]
SourcesCurve = Annotated[
    bool,
    typer.Option("--sources-curve", help="No tagger, but F1 on --test by the number of sources: table, plot."),
]


def add(app: typer.Typer) -> None:
    """Enter the command."""
    app.command(
        epilog="Examples: spanport train --labelled en.conll --text news.yo.txt --lang yor_Latn -o yo-tagger; "
        "spanport train --parallel en.txt yo.txt --lang yor_Latn -o yo-tagger; "
        "spanport train --method teacher --base xlm-roberta-base --labelled en.conll --text es.txt --lang es -o es"
    )(train)


def train(
    lang: Language,
    output: Folder,
    labelled: Labelled = None,
    text: Text = None,
    parallel: Parallel = None,
    alignments: Links = None,
    projected: Projected = None,
    method: Method = "self",
    base: Base = "",
    bundle: a.Bundle = "mini",
    source_lang: SourceLanguage = "eng_Latn",
    drop_labels: DropLabels = "",
    dev: Dev = None,
    test: Test = None,
    select: Select = "",
    epochs: Epochs = 3.0,
    budget: Budget = 0.0,
    seeds: Seeds = "29",
    rate: Rate = 0.0,
    batch_tokens: BatchTokens = 1024,
    freeze: Freeze = 0,
    tau: Tau = None,
    mask: Mask = True,
    weigh: Weigh = True,
    save_seconds: SaveSeconds = 60.0,
    benchmark: a.Benchmark = "",
    folder: a.DataFolder = "",
    sources_curve: SourcesCurve = False,
    option: Option = None,
    fresh: a.Fresh = False,
) -> int:
    """Train a tagger for a language that has no labels, or few: small, fast, and yours.

    The result is a bundle (label with --system model-transfer) that holds the same network for transformers in
    huggingface/, a card, and train.json. A training that was stopped goes on when the same command is run again.
    --benchmark brings what is not given: English labels, native text without its labels, gold, labels to drop.
    """
    _check(select, alignments if not parallel else None)
    given: dict[str, Any] = {
        "lang": lang, "out": output, "labelled": list(labelled or ()), "text": text, "base": base, "bundle": bundle,
        "parallel": (*(parallel or ()), *([alignments] if alignments else [])), "test": test, "fresh": fresh,
        "drop_labels": [label for label in map(str.strip, drop_labels.split(",")) if label],
    }  # fmt: skip
    fitting = {
        "epochs": epochs, "budget": budget, "seeds": _numbers(seeds), "rate": rate, "batch_tokens": batch_tokens,
        "freeze": freeze, "save_seconds": save_seconds,
    }  # fmt: skip
    if benchmark:
        native = method != "direct" and not (text or parallel or projected)
        _fill_in(given, benchmark, folder, native=native)
    if sources_curve:
        _take_no({"--projected": projected, "--dev": dev, "--select": select, "--option": option, "--tau": tau})
        return _curve(given, fitting)
    given |= {"projected": projected, "method": method, "source_lang": source_lang, "dev": dev, "select": select}
    given["method_options"] = a.system_options(None, None, option)
    return _tagger(given, fitting, {"tau": tau, "mask": mask, "weigh": weigh})


def _check(select: str, unused_links: str | None) -> None:
    if select not in ("", "target-dev"):
        raise UsageError(f"--select {select!r}: expected target-dev, or nothing")
    if unused_links:
        raise UsageError(f"--alignments {unused_links} needs --parallel SOURCE TARGET, whose words it links")


def _take_no(options: dict[str, Any]) -> None:
    """Refuse what a curve has no use for."""
    if given := [name for name, value in options.items() if value]:
        raise UsageError(f"--sources-curve makes no tagger and takes no {given[0]}")


def _numbers(seeds: str) -> tuple[int, ...]:
    try:
        found = tuple(int(seed) for seed in seeds.split(","))
    except ValueError as error:
        raise UsageError(f"--seeds {seeds!r}: expected whole numbers separated by commas") from error
    if len(set(found)) < len(found):
        raise UsageError(f"--seeds {seeds!r}: expected each number once, for the same seed gives the same tagger")
    return found


def _fill_in(given: dict[str, Any], benchmark: str, folder: str, *, native: bool) -> None:
    """What a public data set brings where nothing is given; ``native``: its text without labels, too."""
    from spanport.cli.named import Named

    named = Named(benchmark, folder)
    given["drop_labels"] = given["drop_labels"] or list(named.benchmark.ignored)
    given["labelled"] = given["labelled"] or named.english()
    given["test"] = given["test"] or named.given(given["lang"], "test")
    if native:
        given["text"] = named.given(given["lang"], "train")


def _curve(given: dict[str, Any], fitting: dict[str, Any]) -> int:
    from spanport.cli.console import say, table
    from spanport.training import sources_curve
    from spanport_models.training.options import TrainOptions

    rows = sources_curve(**given, options=TrainOptions(**fitting), progress=say).to_rows()
    table(tuple(rows[0]), [tuple(row.values()) for row in rows], title="F1 by the number of source languages")
    say(f"made {given['out']}: the table, the plot and the figures")
    return 0


def _tagger(given: dict[str, Any], fitting: dict[str, Any], lessons: dict[str, Any]) -> int:
    import msgspec

    from spanport.cli.console import print_json, say
    from spanport.training import LessonOptions
    from spanport.training import train as run
    from spanport_models.training.options import TrainOptions

    tagger = run(**given, options=TrainOptions(**fitting), lessons=LessonOptions(**lessons), progress=say)
    say(f"made {tagger.folder}, and {tagger.huggingface} for transformers")
    if tagger.report.exported:
        print_json({name: msgspec.to_builtins(one) for name, one in tagger.report.exported.items()})
    return 0
