"""`spanport project`: carry labels across parallel text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanport.cli import arguments as a

if TYPE_CHECKING:
    from spanport.api import Engine
    from spanport.cli.jobs import JobFiles
    from spanport.types import Projection


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
        aligner: a.Aligner = "hybrid",
        device: a.Device = "auto",
        threads: a.Threads = 0,
        stats: a.Stats = None,
        fresh: a.Fresh = False,
    ) -> int:
        """Carry gold labels across given parallel text, aligning the words unless alignments are given."""
        from spanport.cli.jobs import JobFiles, run_lines
        from spanport.formats import find_format
        from spanport.languages import resolve

        source_lang, target_lang = resolve(source_lang), resolve(target_lang) if target_lang else ""
        inputs = [source, target, *([alignments] if alignments else [])]
        files = JobFiles(output, rejects, format, fallback="jsonl", inputs=inputs, fresh=fresh)
        settings = a.system_options(score, solver, option)
        options = [
            "project",
            source_lang,
            target_lang,
            bundle,
            aligner,
            system,
            settings,
            min_confidence,
            files.format,
        ]
        formats = {find_format(source, source_format).name, find_format(target, target_format).name, files.format}
        if alignments and formats == {"conll"} and system == "ngram" and not min_confidence and not stats:
            from spanport.bulk import is_plain, project_files
            from spanport.options import NgramOptions
            from spanport.systems.base import make_system

            ngram = make_system(system, settings).settings
            if isinstance(ngram, NgramOptions) and not ngram.drop_labels and is_plain(*inputs):
                langs = {"source_lang": source_lang, "target_lang": target_lang}
                return run_lines(
                    files,
                    lambda skip: project_files(source, target, alignments, ngram, **langs, skip=skip),
                    options=options,
                )
        return _stream(
            files,
            (source, source_format, source_lang),
            (target, target_format, target_lang),
            alignments,
            engine=a.engine(bundle, device, threads, aligner=aligner),
            system=system,
            settings=settings,
            encode=a.projection_encoder(files.format, min_confidence),
            options=options,
            stats=stats,
        )


def _stream(
    files: JobFiles,
    source: tuple[str, str | None, str],
    target: tuple[str, str | None, str],
    alignments: str | None,
    *,
    engine: Engine,
    system: str,
    settings: dict[str, Any],
    encode: Callable[[Projection], bytes],
    options: Any,
    stats: str | None,
) -> int:
    from spanport.cli.jobs import run_job
    from spanport.formats import read, read_alignments
    from spanport.types import Pair

    readers: list[tuple[str, Any]] = [(source[0], read(*source)), (target[0], read(*target, labels=False))]
    if alignments:
        readers.append((alignments, read_alignments(alignments)))

    def build(left: Any, right: Any, links: Any = None) -> Pair:
        return Pair(left.sentence, right.sentence, links.alignment if links else None)

    def outcomes(records: Any, skip: int) -> Any:
        return engine.stream_project(records, system=system, options=settings, aligned=bool(alignments), skip=skip)

    with engine:
        return run_job(
            files,
            readers,
            build=build,
            outcomes=outcomes,
            encode=encode,
            engine=engine,
            options=options,
            stats=stats,
        )
