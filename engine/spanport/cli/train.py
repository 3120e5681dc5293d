"""`spanport train`: from text to a tagger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spanport.cli import arguments as a

Labelled = Annotated[
    list[str] | None, typer.Option(help="Labelled file of another language, FILE or FILE:LANG; repeatable.")
]
Text = Annotated[str | None, typer.Option(help="Text of the language, without labels.")]
Parallel = Annotated[
    tuple[str, str] | None, typer.Option(help="Parallel files: SOURCE, with labels or not, and TARGET.")
]
Links = Annotated[str | None, typer.Option("--alignments", help="Pharaoh file of links of --parallel.")]


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport train --labelled en.conll --text news.yo.txt --lang yor_Latn -o yo-tagger")
    def train(
        lang: Annotated[str, typer.Option(help="Language of the tagger, such as yor_Latn.")],
        output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the tagger: a bundle.")],
        labelled: Labelled = None,
        text: Text = None,
        parallel: Parallel = None,
        alignments: Links = None,
        projected: Annotated[
            str | None,
            typer.Option(help="Text of the language with labels carried over before; JSONL keeps confidences."),
        ] = None,
        method: Annotated[
            str, typer.Option(help="direct, projected, teacher, multi, ...; see docs/training.md.")
        ] = "self",
        base: Annotated[
            str,
            typer.Option(help="Hugging Face folder to start from, or a bundle that carries one; default: --bundle."),
        ] = "",
        bundle: a.Bundle = "mini",
        source_lang: Annotated[str, typer.Option(help="Language of the source of --parallel.")] = "eng_Latn",
        drop_labels: Annotated[str, typer.Option(help="Labels that are O to the tagger, separated by commas.")] = "",
        dev: Annotated[str | None, typer.Option(help="Gold file of the language, to be scored.")] = None,
        test: Annotated[str | None, typer.Option(help="Another one.")] = None,
        select: Annotated[str, typer.Option(help="target-dev: keep the seed that is best on --dev.")] = "",
        epochs: Annotated[float, typer.Option(min=0.001, help="Passes over the data in each fit.")] = 3.0,
        budget: Annotated[
            float,
            typer.Option(min=0, help="Minutes of processor time; fewer epochs if they take more. 0: no limit."),
        ] = 0.0,
        seeds: Annotated[str, typer.Option(help="Seeds, separated by commas; the first tagger is kept.")] = "29",
        rate: Annotated[float, typer.Option(min=0, help="Peak learning rate; 0: by the width of the base.")] = 0.0,
        batch_tokens: a.BatchTokens = 1024,
        freeze: Annotated[
            int, typer.Option(min=-1, help="Layers kept as they are, with the embeddings; -1: none.")
        ] = 0,
        tau: Annotated[
            float | None, typer.Option(min=0, max=1, help="Least confidence of a span that is taught.")
        ] = None,
        mask: Annotated[bool, typer.Option(help="Leave doubtful words out instead of teaching O.")] = True,
        weigh: Annotated[bool, typer.Option(help="Weigh words by confidence.")] = True,
        save_seconds: Annotated[float, typer.Option(min=0, help="Seconds between checkpoints.")] = 60.0,
        benchmark: a.Benchmark = "",
        folder: a.DataFolder = "",
        sources_curve: Annotated[
            bool,
            typer.Option(
                "--sources-curve", help="No tagger, but F1 on --test by the number of sources: table, plot."
            ),
        ] = False,
        option: a.Option = None,
        fresh: a.Fresh = False,
    ) -> int:
        """Train a tagger for a language that has no labels, or few: small, fast, and yours.

        The result is a bundle (label with --system model-transfer) that holds the same network for transformers in
        huggingface/, a card, and train.json. A training that was stopped goes on when the same command is run again.
        --benchmark brings what is not given: English labels, native text without its labels, gold, labels to drop.
        """
        import msgspec

        from spanport.cli.console import print_json, say, table
        from spanport.errors import UsageError
        from spanport.training import LessonOptions
        from spanport.training import sources_curve as run_curve
        from spanport.training import train as run
        from spanport_models.training.options import TrainOptions

        try:
            numbers = tuple(int(seed) for seed in seeds.split(","))
        except ValueError as error:
            raise UsageError(f"--seeds {seeds!r}: expected whole numbers separated by commas") from error
        if select not in ("", "target-dev"):
            raise UsageError(f"--select {select!r}: expected target-dev, or nothing")
        dropped: list[str] = [label for label in drop_labels.split(",") if label]
        sources: list[Any] = list(labelled or ())
        unlabelled, gold = text, test
        if benchmark:
            from spanport.cli.named import Named

            named = Named(benchmark, folder)
            dropped = dropped or list(named.benchmark.ignored)
            sources = sources or named.english()
            gold = gold or named.given(lang, "test")
            if not (text or parallel or projected) and method != "direct":
                unlabelled = named.given(lang, "train")
        given: dict[str, Any] = {
            "lang": lang,
            "out": output,
            "labelled": sources,
            "text": unlabelled,
            "parallel": (*(parallel or ()), *([alignments] if alignments else [])),
            "base": base,
            "bundle": bundle,
            "drop_labels": dropped,
            "test": gold,
            "fresh": fresh,
            "options": TrainOptions(
                epochs=epochs,
                budget=budget,
                seeds=numbers,
                rate=rate,
                batch_tokens=batch_tokens,
                freeze=freeze,
                save_seconds=save_seconds,
            ),
            "progress": say,
        }
        if sources_curve:
            rows = run_curve(**given).to_rows()
            table(tuple(rows[0]), [tuple(row.values()) for row in rows], title="F1 by the number of source languages")
            say(f"made {output}: the table, the plot and the figures")
            return 0
        tagger = run(
            **given,
            projected=projected,
            method=method,
            source_lang=source_lang,
            dev=dev,
            select="target-dev" if select else "",
            method_options=a.system_options(None, None, option),
            lessons=LessonOptions(tau=tau, mask=mask, weigh=weigh),
        )
        say(f"made {tagger.folder}, and {tagger.huggingface} for transformers")
        if tagger.report.exported:
            print_json({name: msgspec.to_builtins(one) for name, one in tagger.report.exported.items()})
        return 0
