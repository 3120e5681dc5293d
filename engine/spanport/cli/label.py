"""`spanport label`: unlabelled text in, labelled text out."""

from __future__ import annotations

from typing import Annotated

import typer

from spanport.cli import arguments as a


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport label news.txt --lang spa_Latn -o news.jsonl")
    def label(
        input: Annotated[str, typer.Argument(help="Text, CoNLL or JSONL file; - is standard input.")],
        lang: a.Language,
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
        from spanport.cli.jobs import input_format as format_of
        from spanport.formats import read

        source_format = format_of(input, input_format, "--input-format")
        files = JobFiles(
            output,
            rejects,
            format,
            fallback="jsonl",
            inputs=[(input, source_format)],
            fresh=fresh,
            stats=stats,
            min_confidence=min_confidence,
        )
        settings = a.system_options(score, solver, option)
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
        job = engine.job(
            "label",
            language=lang,
            pivot=pivot,
            system=system or ("ngram" if score or solver else None),
            options=settings,
            files=files.record,
        )
        if notice := engine.models.licence_notice:
            say(notice)
        with engine:
            return run_job(
                files,
                [(input, read(input, source_format, lang))],
                build=lambda item: item.sentence,
                encode=a.projection_encoder(files.format, min_confidence),
                engine=engine,
                job=job,
            )
