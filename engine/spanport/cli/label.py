"""`spanport label`: unlabelled text in, labelled text out."""

from __future__ import annotations

from typing import Annotated, Any

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
        links: a.Links = False,
        sentences: a.Sentences = False,
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
        ray: Annotated[
            str | None,
            typer.Option(
                metavar="ADDRESS",
                help="Label Parquet files on a Ray cluster, into a folder: HOST:PORT, auto or local (extra: ray).",
            ),
        ] = None,
    ) -> int:
        """Label text of a language without labelled data: translate, label, align, match, project back.

        With --sentences long texts are split, and spans stand where they are in the whole text.
        A job that was stopped goes on where it stopped when the same command is run again.
        """
        from spanport.cli.cluster import label_on_cluster
        from spanport.cli.console import say
        from spanport.cli.files import JobFiles, job_input, reading
        from spanport.cli.jobs import run_job
        from spanport.integrations.parts import absolute

        settings = a.system_options(score, solver, option)
        system = system or ("ngram" if score or solver else None)
        if ray is not None:
            models: dict[str, Any] = {"aligner": aligner, "beam_size": beam_size, "batch_tokens": batch_tokens}
            label: dict[str, Any] = {"lang": lang, "pivot": pivot, "system": system, "options": settings}
            elsewhere: dict[str, str | None] = {
                "--rejects": rejects,
                "--stats": stats,
                "--resident": resident,
                "--memory-limit": memory_limit,
            }
            elsewhere |= {"--tokens-column": tokens_column, "--from": input_format, "--to": format}
            elsewhere |= {"--links": (links and "yes") or None, "--sentences": (sentences and "yes") or None}
            there = absolute(bundle) if "/" in bundle else bundle
            return label_on_cluster(
                ray,
                input,
                output,
                lambda cores: a.engine(there, device, cores, **models),
                {**label, "column": text_column or "text", "min_confidence": min_confidence},
                cores=threads,
                fresh=fresh,
                elsewhere={name: value for name, value in elsewhere.items() if value and value != "parquet"},
            )
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
            links=links,
            sentences=sentences,
        )
        encode = a.projection_encoder(files.record)
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
            system=system,
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
                encode=encode,
                documents=(lambda: [(source.name, source.read())]) if sentences else None,
                engine=engine,
                job=job,
            )
