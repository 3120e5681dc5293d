"""`spanport label`: unlabelled text in, labelled text out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanport.cli import arguments as a

if TYPE_CHECKING:
    from spanport.api import Engine
    from spanport.cli.files import JobFiles
    from spanport.formats.inputs import Input

Inputs = Annotated[list[str], typer.Argument(help="Files, patterns or folders; - is standard input.")]
Pivot = Annotated[str, typer.Option(help="Language to translate into and label.")]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Label Parquet files on a Ray cluster, into a folder: HOST:PORT, auto or local (extra: ray).",
    ),
]


def add(app: typer.Typer) -> None:
    """Enter the command."""
    app.command(epilog="Example: spanport label news.txt --lang spa_Latn -o news.jsonl")(label)


def label(
    input: Inputs,
    lang: a.Language,
    output: a.Output = "-",
    pivot: Pivot = "eng_Latn",
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
    beam_size: a.BeamSize = 1,
    batch_tokens: a.BatchTokens = 1024,
    aligner: a.Aligner = "hybrid",
    device: a.Device = "auto",
    threads: a.Threads = 0,
    resident: a.Resident = None,
    memory_limit: a.MemoryLimit = None,
    stats: a.Stats = None,
    fresh: a.Fresh = False,
    ray: Ray = None,
) -> int:
    """Label text of a language without labelled data: translate, label, align, match, project back.

    With --sentences long texts are split, and spans stand where they are in the whole text.
    A job that was stopped goes on where it stopped when the same command is run again.
    """
    from spanport.cli.files import JobFiles, job_input, reading

    system = system or ("ngram" if score or solver else None)
    task: dict[str, Any] = {"pivot": pivot, "system": system, "options": a.system_options(score, solver, option)}
    models: dict[str, Any] = {"aligner": aligner, "beam_size": beam_size, "batch_tokens": batch_tokens}
    if ray is not None:
        unfit = {"--rejects": rejects, "--stats": stats, "--resident": resident, "--memory-limit": memory_limit}
        unfit |= {"--tokens-column": tokens_column, "--from": input_format, "--to": format}
        unfit |= {"--links": (links and "yes") or None, "--sentences": (sentences and "yes") or None}
        task |= {"lang": lang, "column": text_column or "text", "min_confidence": min_confidence}
        return _on_cluster((ray, input, output), (bundle, device, threads), models, task, unfit, fresh=fresh)
    how = reading(lang, labels=False, text_column=text_column, tokens_column=tokens_column)
    source = job_input(input, input_format, "--input-format", how)
    files = JobFiles(
        output, rejects, format, fallback="jsonl", inputs=[source], fresh=fresh, stats=stats,
        min_confidence=min_confidence, links=links, sentences=sentences,
    )  # fmt: skip
    models |= {"spill": files.spill, "resident": resident, "memory_limit": memory_limit}
    return _here(files, source, lambda: a.engine(bundle, device, threads, **models), {"language": lang, **task})


def _here(files: JobFiles, source: Input, engine: Callable[[], Engine], task: dict[str, Any]) -> int:
    from spanport.cli.console import say
    from spanport.cli.jobs import run_job

    def read() -> list[tuple[str, Iterator[Any]]]:
        return [(source.name, source.read())]

    encode, made = a.projection_encoder(files.record), engine()
    job = made.job("label", **task, files=files.record)
    if notice := made.models.licence_notice:
        say(notice)
    with made:
        return run_job(
            files,
            read(),
            build=lambda item: item.sentence,
            encode=encode,
            documents=read if files.record.sentences else None,
            engine=made,
            job=job,
        )


def _on_cluster(
    where: tuple[str, list[str], str],
    models_of: tuple[str, str, int],
    models: dict[str, Any],
    task: dict[str, Any],
    unfit: Mapping[str, str | None],
    *,
    fresh: bool,
) -> int:
    """Label on the Ray cluster at an address; ``unfit`` are options that say nothing there."""
    from spanport.cli.cluster import label_on_cluster
    from spanport.integrations.parts import absolute

    bundle, device, threads = models_of
    there = absolute(bundle) if "/" in bundle else bundle
    return label_on_cluster(
        *where,
        lambda cores: a.engine(there, device, cores, **models),
        task,
        cores=threads,
        fresh=fresh,
        elsewhere={name: value for name, value in unfit.items() if value and value != "parquet"},
    )
