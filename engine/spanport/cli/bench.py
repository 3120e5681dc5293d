"""`spanport bench`: what the engine costs on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from spanport.cli import arguments as a
from spanport.shown import counted
from spanport_models.devices import available_cores

if TYPE_CHECKING:
    from spanport.formats.records import Reading


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport bench news.txt --lang spa_Latn --tune")
    def bench(
        input: Annotated[
            list[str] | None,
            typer.Argument(help="Files, patterns or folders of text to label; generated when left out."),
        ] = None,
        lang: Annotated[str, typer.Option(help="Language of the text, such as spa_Latn or es.")] = "spa_Latn",
        input_format: a.InputFormat = None,
        text_column: a.TextColumn = None,
        tokens_column: a.TokensColumn = None,
        bundle: a.Bundle = "mini",
        sentences: Annotated[int, typer.Option(min=1, help="Sentences of the text to use.")] = 1000,
        beam_size: a.BeamSize = 1,
        batch_tokens: a.BatchTokens = 1024,
        rounds: Annotated[int, typer.Option(min=1, help="Times engine and bare loops alternate.")] = 3,
        device: a.Device = "auto",
        threads: a.Threads = 0,
        json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
        output: Annotated[
            str | None, typer.Option("--output", "-o", help="Write the figures as JSON to this file, for `plan`.")
        ] = None,
        plot: Annotated[
            str | None, typer.Option(help="Draw throughput against batch size and threads into this HTML file.")
        ] = None,
        tune: Annotated[bool, typer.Option("--tune", help="Find the best options for this machine.")] = False,
        replace: a.Replace = False,
    ) -> None:
        """Measure the engine next to bare loops over the models.

        Both run in turn on the same batches, so that the ratios hold on a busy machine too. With --tune or --plot,
        batch sizes and numbers of threads are tried out as well, on a part of the text.
        """
        from spanport.bench import measure
        from spanport.cli.console import print_json
        from spanport.cli.files import reading
        from spanport.formats.inputs import expand
        from spanport.languages import resolve
        from spanport.output import check_outputs

        files = {"plot": plot, "figures": output}
        check_outputs(files, expand(input) if input else [], replace=None if replace else "--replace")
        lang = resolve(lang)
        how = reading(lang, text_column, tokens_column, labels=False)
        texts = _texts(input, input_format, how, sentences)
        with a.engine(bundle, device, threads, beam_size=beam_size, batch_tokens=batch_tokens) as engine:
            figures = measure(engine, texts, lang, rounds=rounds)
        points = _sweep(bundle, device, texts[:500], lang, plot) if tune or plot else []
        if output:
            Path(output).write_bytes(msgspec.json.encode({"bench": figures, "sweep": points}))
        if json:
            print_json({"bench": figures, "sweep": points})
        else:
            _show(figures)
            if tune:
                _advise(points)


def _texts(paths: list[str] | None, format: str | None, how: Reading, count: int) -> list[str]:
    from itertools import islice

    from spanport.bench import generate
    from spanport.cli.demo import sample
    from spanport.cli.files import job_input
    from spanport.errors import UsageError
    from spanport.formats import Rejected

    if not paths:
        return generate([sentence.text for sentence in sample() if sentence.language == how.language], count)
    source = job_input(paths, format, "--input-format", how)
    found = (item.sentence.text for item in source.read() if not isinstance(item, Rejected))
    texts = list(islice((text for text in found if text.strip()), count))
    if not texts:
        raise UsageError(f"{source.name} has no text to measure on")
    return texts


def _sweep(bundle: str, device: str, texts: list[str], lang: str, plot: str | None) -> list[Any]:
    from spanport.bench import plot as draw
    from spanport.bench import sweep
    from spanport.cli.console import say
    from spanport.models import Models

    counts = sorted({1, available_cores()} | {n for n in (2, 4, 8, 16) if n < available_cores()})
    points = []
    for point in sweep(lambda count: Models(bundle, device=device, threads=count), texts, lang, workers=counts):
        each = f"{counted(point.workers, 'thread')}, {counted(point.batch_tokens, 'token')}"
        say(f"{each}: {point.sentences_per_s:.1f} sentences/s")
        points.append(point)
    if plot:
        title = f"spanport bench: {bundle}, {lang}, {counted(len(texts), 'sentence')}"
        Path(plot).write_text(draw(points, title), "utf8")
    return points


def _show(b: Any) -> None:
    from spanport.cli.console import say, table

    times = [b.engine, b.bare, b.translate, b.encode]
    one = b.latency
    table(
        ["", "engine", "bare loops", "translator", "encoder", "engine / bare"],
        [
            ["CPU time, s", *(f"{t.cpu_s:.2f}" for t in times), f"{b.cpu_ratio:.3f}"],
            ["wall time, s", *(f"{t.wall_s:.2f}" for t in times), f"{b.wall_ratio:.3f}"],
            ["cores kept busy", *(f"{t.cpu_s / t.wall_s:.2f}" for t in times), ""],
            [
                "one sentence, ms",
                f"{one.engine_ms:.1f}",
                f"{one.bare_ms:.1f}",
                "",
                "",
                f"{one.bare_ms / one.engine_ms:.3f}",
            ],
        ],
        title=f"{counted(b.sentences, 'sentence')}, {counted(b.workers, 'thread')} per model (ratios are of speed)",
    )
    say(f"{b.sentences_per_s:.1f} sentences/s, {b.tokens_per_s:,.0f} tokens/s, {b.rejects} rejected")
    say(
        f"outside the models {b.outside_share:.1%}; "
        f"padding: translator {b.translate_padding_share:.1%}, encoder {b.encode_padding_share:.1%}"
    )


def _advise(points: list[Any]) -> None:
    from spanport.bench import best
    from spanport.cli.console import say

    chosen = best(points)
    say(
        f"best here: --threads {chosen.workers} --batch-tokens {chosen.batch_tokens} "
        f"({chosen.sentences_per_s:.1f} sentences/s)"
    )
