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
        target: Annotated[
            str | None,
            typer.Option(
                help="Its translation, line by line; labels in it are ignored. Without it, a system such as "
                "easyproject or translate-train makes labelled text in --target-lang."
            ),
        ] = None,
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
        """Carry gold labels across given parallel text, aligning the words unless alignments are given.

        Without --target the labelled text is translated and the translation labelled: training data in another
        language. Sentences that the system drops as doubtful are left out and counted.
        """
        from spanport.cli.jobs import JobFiles, run_parts
        from spanport.formats import find_format, labelled_format
        from spanport.languages import resolve

        settings = a.system_options(score, solver, option)
        _check(system, settings, target, target_lang, alignments)
        source_lang, target_lang = resolve(source_lang), resolve(target_lang) if target_lang else ""
        source_format = labelled_format(source, source_format)
        inputs = [path for path in (source, target, alignments) if path]
        files = JobFiles(output, rejects, format, fallback="jsonl", inputs=inputs, fresh=fresh)
        options = [
            "project",
            source_lang,
            target_lang,
            aligner,
            system,
            settings,
            min_confidence,
            files.format,
        ]
        given = [(source, source_format), *([(target, target_format)] if target else [])]
        formats = {*(find_format(*file).name for file in given), files.format}
        if target and alignments and formats == {"conll"} and system == "ngram" and not min_confidence and not stats:
            from spanport.bulk import is_plain, project_files
            from spanport.options import NgramOptions
            from spanport.systems.base import make_system

            ngram = make_system(system, settings).settings
            if isinstance(ngram, NgramOptions) and not ngram.drop_labels and is_plain(*inputs):
                langs = {"source_lang": source_lang, "target_lang": target_lang}
                return run_parts(
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
    target: tuple[str | None, str | None, str],
    alignments: str | None,
    *,
    engine: Engine,
    system: str,
    settings: dict[str, Any],
    encode: Callable[[Projection], bytes],
    options: Any,
    stats: str | None,
) -> int:
    from spanport.cli.console import say
    from spanport.cli.jobs import run_job
    from spanport.formats import read, read_alignments
    from spanport.types import Pair, Sentence

    target_path, target_format, target_lang = target
    to_come, dropped = Sentence("", target_lang), 0
    readers: list[tuple[str, Any]] = [(source[0], read(*source))]
    if target_path:
        readers.append((target_path, read(target_path, target_format, target_lang, labels=False)))
    if alignments:
        readers.append((alignments, read_alignments(alignments)))

    def build(left: Any, right: Any = None, links: Any = None) -> Pair:
        return Pair(left.sentence, right.sentence if right else to_come, links.alignment if links else None)

    def kept(projection: Projection) -> bytes:
        nonlocal dropped
        if target_path or projection.target.text:
            return encode(projection)
        dropped += 1
        return b""

    def outcomes(records: Any, skip: int) -> Any:
        return engine.stream_project(records, system=system, options=settings, aligned=bool(alignments), skip=skip)

    with engine:
        code = run_job(
            files,
            readers,
            build=build,
            outcomes=outcomes,
            encode=kept,
            engine=engine,
            options=options,
            models="" if alignments and not _needs_models(system, settings) else engine.models.digest,
            stats=stats,
        )
    if dropped:
        sentences = "1 sentence" if dropped == 1 else f"{dropped:,} sentences"
        say(f"{sentences} left out by the filters of {system}: their labels did not come through whole")
    return code


def _needs_models(system: str, settings: dict[str, Any]) -> bool:
    """Whether a system asks more of the models than an alignment."""
    from spanport.systems.base import make_system

    return bool(make_system(system, settings).needs - {"source", "links"})


def _check(
    system: str, settings: dict[str, Any], target: str | None, target_lang: str, alignments: str | None
) -> None:
    """Raise UsageError where the system wants a target and none is given, or the other way round."""
    from spanport.errors import UsageError
    from spanport.systems.base import make_system, makes_targets

    if not makes_targets(make_system(system, settings)):
        if target is None:
            raise UsageError(
                f"system {system!r} labels given text: pass its file with --target, or choose a system that "
                "translates the source itself: easyproject, translate-train"
            )
    elif target or alignments:
        raise UsageError(f"system {system!r} writes its own targets: leave out --target and --alignments")
    elif not target_lang:
        raise UsageError(f"system {system!r} translates the source: say into which language with --target-lang")
