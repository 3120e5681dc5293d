"""`spanport project`: carry labels across parallel text."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from spanport.cli import arguments as a


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport project --source en.conll --target es.txt --target-lang es -o es.conll")
    def project(
        source: Annotated[str, typer.Option(help="Labelled file.")],
        target: Annotated[str, typer.Option(help="Its translation, line by line; labels in it are ignored.")],
        output: a.Output = "-",
        alignments: Annotated[
            str | None, typer.Option(help="Pharaoh file source-target; computed if absent.")
        ] = None,
        source_lang: a.SourceLang = "eng_Latn",
        target_lang: a.TargetLang = "",
        bundle: a.Bundle = "mini",
        system: a.System = "ngram",
        score: a.Score = None,
        solver: a.Solver = None,
        option: a.Option = None,
        min_confidence: a.MinConfidence = 0.0,
        source_format: Annotated[str | None, typer.Option(help="Format of the source.")] = None,
        target_format: Annotated[str | None, typer.Option(help="Format of the target.")] = None,
        format: a.Format = None,
        rejects: a.Rejects = None,
        device: a.Device = "auto",
        threads: a.Threads = 0,
        stats: a.Stats = None,
        fresh: a.Fresh = False,
    ) -> int:
        """Carry gold labels across given parallel text, aligning the words unless alignments are given."""
        from spanport.cli.jobs import JobFiles, run_job
        from spanport.formats import read, read_alignments
        from spanport.types import Pair

        inputs = [source, target, *([alignments] if alignments else [])]
        files = JobFiles(output, rejects, format, fallback="jsonl", inputs=inputs, fresh=fresh)
        settings = a.system_options(score, solver, option)
        engine = a.engine(bundle, device, threads)
        readers: list[tuple[str, Any]] = [
            (source, read(source, source_format, source_lang)),
            (target, read(target, target_format, target_lang)),
        ]
        if alignments:
            readers.append((alignments, read_alignments(alignments)))

        def build(left: Any, right: Any, links: Any = None) -> Pair:
            return Pair(left.sentence, right.sentence, links.alignment if links else None)

        def outcomes(records: Any, skip: int) -> Any:
            return engine.stream_project(
                records, system=system, options=settings, aligned=bool(alignments), skip=skip
            )

        with engine:
            return run_job(
                files,
                readers,
                build=build,
                outcomes=outcomes,
                encode=a.projection_encoder(files.format, min_confidence),
                engine=engine,
                options=["project", source_lang, target_lang, bundle, system, settings, min_confidence, files.format],
                stats=stats,
            )
