"""`spanport align`: word alignments of parallel text."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from spanport.cli import arguments as a


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport align --source en.txt --target de.txt --target-lang de -o en-de.pharaoh")
    def align(
        source: Annotated[list[str], typer.Option(help="File, pattern or folder; repeatable.")],
        target: Annotated[list[str], typer.Option(help="Its translation, line by line; repeatable.")],
        output: a.Output = "-",
        source_lang: a.SourceLang = "eng_Latn",
        target_lang: a.TargetLang = "",
        bundle: a.Bundle = "mini",
        source_format: Annotated[str | None, typer.Option(help="Format of the source.")] = None,
        target_format: Annotated[str | None, typer.Option(help="Format of the target.")] = None,
        text_column: a.TextColumn = None,
        target_column: a.TargetColumn = None,
        rejects: a.Rejects = None,
        aligner: a.Aligner = "hybrid",
        device: a.Device = "auto",
        threads: a.Threads = 0,
        stats: a.Stats = None,
        fresh: a.Fresh = False,
    ) -> int:
        """Align the words of parallel text; writes Pharaoh links (source-target, 0-indexed)."""
        from spanport.cli.files import JobFiles, job_input, reading
        from spanport.cli.jobs import run_job
        from spanport.formats import encode_pharaoh
        from spanport.types import Pair

        left = reading(source_lang, labels=False, text_column=text_column)
        right = reading(target_lang, labels=False, text_column=target_column)
        inputs = [
            job_input(source, source_format, "--source-format", left),
            job_input(target, target_format, "--target-format", right),
        ]
        files = JobFiles(output, rejects, None, fallback="pharaoh", inputs=inputs, fresh=fresh, stats=stats)
        engine = a.engine(bundle, device, threads, aligner=aligner)
        job = engine.job("align", language=target_lang, pivot=source_lang, files=files.record)
        readers = [(given.name, given.read()) for given in inputs]

        def build(left: Any, right: Any) -> Pair:
            return Pair(left.sentence, right.sentence)

        with engine:
            return run_job(files, readers, build=build, encode=encode_pharaoh, engine=engine, job=job)
