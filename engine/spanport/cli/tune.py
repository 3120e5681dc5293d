"""`spanport tune`: an aligner for one's own language pair."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanport.cli import arguments as a

Parallel = Annotated[tuple[str, str], typer.Option(help="Parallel files: SOURCE and TARGET.")]
Language = Annotated[str, typer.Option(help="Language of the target, such as yor_Latn.")]
Folder = Annotated[Path, typer.Option("--output", "-o", help="The bundle to make.")]
Links = Annotated[str | None, typer.Option(help="Pharaoh file of links to learn from; default: the bundle's own.")]
GoldLinks = Annotated[
    str | None, typer.Option(help="Pharaoh file of gold links of --test (or --parallel): prints AER.")
]
Test = Annotated[
    tuple[str, str] | None, typer.Option(help="Parallel files for figures; with labels: F1 of projection.")
]
Base = Annotated[str, typer.Option(help="Hugging Face folder to start from; default: the bundle's.")]
SourceLanguage = Annotated[str, typer.Option(help="Language of the source.")]
Loss = Annotated[str, typer.Option(help="so, infonce, tlm, co: those to sum.")]
Layer = Annotated[int, typer.Option(min=0, help="Layer to align by; 0: two thirds of the depth.")]
Rank = Annotated[int, typer.Option(min=0, help="Rank of low-rank changes; 0: all weights.")]
Epochs = Annotated[float, typer.Option(min=0.001, help="Passes over the text.")]
Rate = Annotated[float, typer.Option(min=0, help="Peak learning rate; 0: by the width of the base.")]
BatchTokens = Annotated[int, typer.Option(min=1, help="Subwords of a batch, padding included.")]
SaveSeconds = Annotated[float, typer.Option(min=0, help="Seconds between checkpoints.")]


def add(app: typer.Typer) -> None:
    """Enter the command."""
    app.command(
        epilog="Examples: spanport tune --parallel en.txt yo.txt --lang yor_Latn --bundle mini -o mine; "
        "spanport tune --parallel en.txt yo.txt --lang yor_Latn --test en.conll yo.conll --gold links.pharaoh -o mine"
    )(tune)


def tune(
    parallel: Parallel,
    lang: Language,
    output: Folder,
    alignments: Links = None,
    gold: GoldLinks = None,
    test: Test = None,
    base: Base = "",
    bundle: a.Bundle = "mini",
    source_lang: SourceLanguage = "eng_Latn",
    loss: Loss = "so,infonce,co",
    layer: Layer = 0,
    lora: Rank = 0,
    epochs: Epochs = 1.0,
    rate: Rate = 0.0,
    batch_tokens: BatchTokens = 1024,
    save_seconds: SaveSeconds = 60.0,
    fresh: a.Fresh = False,
) -> int:
    """Tune a bundle's aligner on parallel text, with or without links; the result is a bundle.

    Works for languages that the encoder never saw: a lexicon is counted from the same text first.
    """
    import msgspec

    from spanport.cli.console import print_json, say
    from spanport.errors import UsageError
    from spanport.training import tune as run
    from spanport.training.inputs import require_extra

    require_extra()
    from spanport_models.training import TuneOptions

    given = {
        "losses": tuple(name.strip() for name in loss.split(",")), "layer": layer, "lora": lora, "epochs": epochs,
        "rate": rate, "batch_tokens": batch_tokens, "save_seconds": save_seconds,
    }  # fmt: skip
    try:
        options = msgspec.convert(given, TuneOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"--loss {loss!r}: expected so, infonce, tlm and co, separated by commas") from error
    made = run(
        parallel=parallel, lang=lang, out=output, alignments=alignments, gold=gold, test=test or (), base=base,
        bundle=bundle, source_lang=source_lang, options=options, fresh=fresh, progress=say,
    )  # fmt: skip
    say(f"made {made.folder}")
    if made.report.after:
        print_json({"before": made.report.before, "after": made.report.after})
    return 0
