"""`spanport label`: unlabelled text in, labelled text out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from spanport.cli import arguments as a


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport label news.txt --lang spa_Latn -o news.jsonl")
    def label(
        input: Annotated[str, typer.Argument(help="Text, CoNLL or JSONL file; - is standard input.")],
        lang: Annotated[str, typer.Option(help="Language of the text, such as spa_Latn or es.")],
        output: a.Output = "-",
        pivot: Annotated[str, typer.Option(help="Language to translate into and label.")] = "eng_Latn",
        bundle: a.Bundle = "mini",
        system: a.LabellingSystem = None,
        score: a.Score = None,
        solver: a.Solver = None,
        option: a.Option = None,
        min_confidence: a.MinConfidence = 0.0,
        input_format: a.InputFormat = None,
        format: a.Format = None,
        rejects: a.Rejects = None,
        beam_size: Annotated[int, typer.Option(min=1, help="Beams of the translator.")] = 1,
        batch_tokens: a.BatchTokens = 1024,
        aligner: a.Aligner = "hybrid",
        device: a.Device = "auto",
        threads: a.Threads = 0,
        resident: a.Resident = None,
        memory_limit: a.MemoryLimit = None,
        stats: a.Stats = None,
        fresh: a.Fresh = False,
    ) -> int:
        """Label text of a language without labelled data: translate, label, align, match, project back.

        A job that was stopped goes on where it stopped when the same command is run again.
        """
        from spanport.cli.console import say
        from spanport.cli.jobs import JobFiles, run_job
        from spanport.formats import read

        files = JobFiles(output, rejects, format, fallback="jsonl", inputs=[input], fresh=fresh)
        settings = a.system_options(score, solver, option)
        system = system or ("ngram" if score or solver else None)
        engine = a.engine(
            bundle,
            device,
            threads,
            aligner=aligner,
            beam_size=beam_size,
            batch_tokens=batch_tokens,
            spill=files.spill,
            resident=resident,
            memory_limit=memory_limit,
        )
        if notice := engine.models.licence_notice:
            say(notice)
        readers = [(input, read(input, input_format, lang))]

        def outcomes(records: Any, skip: int) -> Any:
            return engine.stream_label(records, lang=lang, pivot=pivot, system=system, options=settings, skip=skip)

        with engine:
            return run_job(
                files,
                readers,
                build=lambda item: item.sentence,
                outcomes=outcomes,
                encode=a.projection_encoder(files.format, min_confidence),
                engine=engine,
                options=[
                    *("label", lang, pivot, aligner, system, settings, min_confidence, beam_size, batch_tokens),
                    files.format,
                ],
                models=engine.models.digest,
                stats=stats,
            )
