"""`spanport project`: carry labels across parallel text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanport.cli import arguments as a
from spanport.cli.labels import Labels, report_unmapped

if TYPE_CHECKING:
    from spanport.api import Engine
    from spanport.cli.files import JobFiles
    from spanport.job import Job
    from spanport.output import Output, Part
    from spanport.systems.base import System
    from spanport.types import Projection


Source = Annotated[list[str], typer.Option(help="Labelled file, pattern or folder; repeatable.")]
Target = Annotated[
    list[str] | None,
    typer.Option(
        help="Its translation, line by line; labels in it are ignored. Without it, a system such as "
        "easyproject or translate-train makes labelled text in --target-lang."
    ),
]
Alignments = Annotated[str | None, typer.Option(help="Pharaoh file source-target; computed if absent.")]
SourceFormat = Annotated[str | None, typer.Option(help="Format of the source.")]
TargetFormat = Annotated[str | None, typer.Option(help="Format of the target.")]


def add(app: typer.Typer) -> None:
    """Enter the command."""
    epilog = "Example: spanport project --source en.conll --target es.txt --target-lang es -o es.conll"
    app.command(epilog=epilog)(project)


def project(
    source: Source,
    target: Target = None,
    output: a.Output = "-",
    alignments: Annotated[str | None, typer.Option(help="Pharaoh file source-target; computed if absent.")] = None,
    source_lang: a.SourceLang = "eng_Latn",
    target_lang: a.TargetLang = "",
    bundle: a.Bundle = "mini",
    system: a.System = "ngram",
    score: a.Score = None,
    solver: a.Solver = None,
    option: a.Option = None,
    min_confidence: a.MinConfidence = 0.0,
    links: a.Links = False,
    source_format: SourceFormat = None,
    target_format: TargetFormat = None,
    text_column: a.TextColumn = None,
    tokens_column: a.TokensColumn = None,
    labels_column: a.LabelsColumn = None,
    target_column: a.TargetColumn = None,
    offsets: a.Offsets = "codepoints",
    map_labels: a.MapLabels = "",
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
    from spanport.cli.files import JobFiles, job_input, reading
    from spanport.formats.inputs import Input

    settings = a.system_options(score, solver, option)
    _check(system, settings, target, target_lang, alignments)
    how = reading(source_lang, text_column, tokens_column, labels_column, offsets=offsets, map_labels=map_labels)
    inputs = [job_input(source, source_format, "--source-format", how, piped=None, labelled=True)]
    if target:
        how = reading(target_lang, labels=False, text_column=target_column)
        inputs.append(job_input(target, target_format, "--target-format", how))
    inputs += [Input((alignments,), "pharaoh")] if alignments else []
    files = JobFiles(
        output, rejects, format, fallback="jsonl", inputs=inputs, fresh=fresh, stats=stats,
        min_confidence=min_confidence, links=links,
    )  # fmt: skip
    task = {"language": target_lang, "pivot": source_lang, "system": system, "options": settings}
    return _run(files, lambda: a.engine(bundle, device, threads, aligner=aligner), task, aligned=bool(alignments))


def _run(files: JobFiles, engine: Callable[[], Engine], task: dict[str, Any], *, aligned: bool) -> int:
    from spanport.bulk import fits
    from spanport.systems import make_system

    encode, made = a.projection_encoder(files.record), engine()
    job = made.job("project", **task, aligned=aligned, files=files.record)
    system = make_system(job.system, job.settings)
    if not files.stats and (way := fits(job, system)):
        return _bulk(files, files.stage_batches(job) if way == "tables" else job, system)
    with made:
        return _stream(files, made, job, encode)


def _bulk(files: JobFiles, job: Job, system: System) -> int:
    from spanport.bulk import project_files, project_tables
    from spanport.cli.jobs import run_parts
    from spanport_kernels.label_codes import LabelTypes

    source, target, alignments = files.inputs
    langs = {"source_lang": job.pivot, "target_lang": job.language}
    left, right, _ = job.files.inputs
    types, whole = LabelTypes(), True

    def parts(out: Output) -> Iterator[Part]:
        nonlocal whole
        whole = not out.completed
        if job.files.staged:
            return project_tables(left, right, alignments, system, types, out.completed, job.files.format)
        return project_files(source, target, alignments, system, **langs, skip=out.completed, types=types)

    code = run_parts(files, parts, job)
    if whole:
        Labels(source, found=bool(types.names)).report()
    return code


def _stream(files: JobFiles, engine: Engine, job: Job, encode: Callable[[Projection], bytes]) -> int:
    from spanport.cli.console import say
    from spanport.cli.jobs import run_job
    from spanport.formats import read_alignments
    from spanport.shown import counted
    from spanport.types import Pair, Sentence

    to_come, dropped, made = Sentence("", job.language), 0, 0
    texts = [given for given in job.files.inputs if given.format != "pharaoh"]
    met = set[str]()
    readers: list[tuple[str, Any]] = [(given.name, given.read(met)) for given in texts]
    readers += [(g.name, read_alignments(g.name)) for g in job.files.inputs if g.format == "pharaoh"]
    seen = Labels(texts[0].name)

    def build(left: Any, right: Any = None, links: Any = None) -> Pair:
        seen.see(left.sentence)
        return Pair(left.sentence, right.sentence if right else to_come, links.alignment if links else None)

    def kept(projection: Projection) -> bytes:
        nonlocal dropped, made
        made += 1
        if len(texts) > 1 or projection.target.text:
            return encode(projection)
        dropped += 1
        return b""

    code = run_job(files, readers, build=build, encode=kept, engine=engine, job=job)
    if dropped:
        sentences, share = counted(dropped, "sentence"), f"{dropped / made:.1%} of {made:,}"
        say(f"{sentences} ({share}) left out by {job.system}: their labels did not come through whole")
    seen.report()
    report_unmapped(texts[0].reading.map_labels, met, texts[0].name)
    return code


def _check(
    system: str, settings: dict[str, Any], target: list[str] | None, target_lang: str, alignments: str | None
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
