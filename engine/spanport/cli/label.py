"""`spanport label`: unlabelled text in, labelled text out."""

from __future__ import annotations

from typing import Annotated

import typer

from spanport.cli import arguments as a


def add(app: typer.Typer) -> None:
    """Enter the command."""

    @app.command(epilog="Example: spanport label news.txt --lang spa_Latn -o news.jsonl")
    def label(
        input: Annotated[list[str], typer.Argument(help="Files, patterns or folders; - is standard input.")],
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
        text_column: a.TextColumn = None,
        tokens_column: a.TokensColumn = None,
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
        from spanport.cli.files import JobFiles, job_input, reading
        from spanport.cli.jobs import run_job

        how = reading(lang, labels=False, text_column=text_column, tokens_column=tokens_column)
        source = job_input(input, input_format, "--input-format", how)
        files = JobFiles(
            output,
            rejects,
            format,
            fallback="jsonl",
            inputs=[source],
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
                [(source.name, source.read())],
                build=lambda item: item.sentence,
                encode=a.projection_encoder(files.format, min_confidence),
                engine=engine,
                job=job,
            )
