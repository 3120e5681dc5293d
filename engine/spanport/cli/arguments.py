"""Options that several commands share, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from spanport.cli.completion import (
    complete_aligners,
    complete_bundles,
    complete_formats,
    complete_languages,
    complete_systems,
)
from spanport_models.devices import available_cores

if TYPE_CHECKING:
    from spanport.api import Engine
    from spanport.job import Files
    from spanport.types import Projection

Bundle = Annotated[
    str,
    typer.Option(
        autocompletion=complete_bundles, help="Bundle of models: a name of `spanport models list`, or a folder."
    ),
]
Output = Annotated[str, typer.Option("--output", "-o", help="Where to write; - is standard output.")]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "--to",
        autocompletion=complete_formats,
        help="Format of the output; `spanport formats` lists them.",
    ),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        "--from",
        autocompletion=complete_formats,
        help="Format of the input, where its ending is no help.",
    ),
]
TextColumn = Annotated[str | None, typer.Option(help="Field of the text, in formats with names; default text.")]
TokensColumn = Annotated[str | None, typer.Option(help="Field of the words; default tokens.")]
LabelsColumn = Annotated[str | None, typer.Option(help="Field of the labels; default spans, ner_tags, ...")]
TargetColumn = Annotated[str | None, typer.Option(help="Field of the target's text; default text.")]
Offsets = Annotated[
    Literal["codepoints", "bytes", "utf16"], typer.Option(help="What the offsets of the labelled file count.")
]
MapLabels = Annotated[str, typer.Option(help="Labels to rename or, without a new name, drop: PER=PERSON,MISC=")]
Rejects = Annotated[str | None, typer.Option(help="File for records that fail; default OUTPUT.rejects.jsonl.")]
Language = Annotated[
    str,
    typer.Option("--lang", autocompletion=complete_languages, help="Language of the text, such as spa_Latn or es."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Threads = Annotated[int, typer.Option(min=0, help="Batches worked on at once; 0 is one per core.")]
BeamSize = Annotated[int, typer.Option(min=1, help="Beams of the translator.")]
BatchTokens = Annotated[
    int,
    typer.Option(
        min=1,
        help="Most tokens, padding included, in one batch of the encoder; twice as many in one of the translator. "
        "`spanport bench --tune` finds the best.",
    ),
]
Aligner = Annotated[
    str,
    typer.Option(
        autocompletion=complete_aligners,
        help="Word aligner: hybrid (what the bundle was tuned to), simalign-itermax, awesome, ...",
    ),
]
Stats = Annotated[str | None, typer.Option(help="Write figures of the run to this file, as JSON.")]
System = Annotated[
    str, typer.Option(autocompletion=complete_systems, help="Projection system; see `spanport systems`.")
]
LabellingSystem = Annotated[
    str | None,
    typer.Option(
        "--system",
        autocompletion=complete_systems,
        help="Projection system; default: calibrated if the bundle is, else ngram.",
    ),
]
Score = Annotated[str | None, typer.Option(help="Alignment score: covered, or pairs (as published).")]
Solver = Annotated[str | None, typer.Option(help="Matching: exact or greedy.")]
Option = Annotated[
    list[str] | None,
    typer.Option(help="Further option, NAME=VALUE (`spanport systems NAME` lists them); repeatable."),
]
MinConfidence = Annotated[float, typer.Option(min=0, max=1, help="Leave out spans of less confidence.")]
Links = Annotated[
    bool,
    typer.Option("--links", help="Write the word links too, in JSON lines and tables; `spanport view` shows them."),
]
Sentences = Annotated[
    bool,
    typer.Option("--sentences", help="Records are documents: split them into sentences (extra sentences)."),
]
SourceLang = Annotated[
    str,
    typer.Option(
        "--source-lang", "--pivot", autocompletion=complete_languages, help="Language of the labelled side."
    ),
]
TargetLang = Annotated[
    str,
    typer.Option("--target-lang", "--lang", autocompletion=complete_languages, help="Language of the side to label."),
]
Resident = Annotated[
    Literal["all", "one"] | None,
    typer.Option(help="Keep all models in memory, or one at a time over spilled blocks."),
]
MemoryLimit = Annotated[str | None, typer.Option(help="Choose --resident to stay within this, such as 500M or 2G.")]
Benchmark = Annotated[
    str,
    typer.Option(help="A public data set by name: masakhaner2, conll, wikiann, uner or europarl, in --data."),
]
DataFolder = Annotated[str, typer.Option("--data", help="Folder of the data set that --benchmark names.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace reports that are there already.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start over: replace what is there, a stopped job too.")]


def system_options(score: str | None, solver: str | None, options: Sequence[str] | None) -> dict[str, Any]:
    """What was given on the command line; the system's own defaults stand for the rest.

    Raises UsageError for an option that is not ``NAME=VALUE``.
    """
    from spanport.checked import parse_option

    given = {name: value for name, value in (("score", score), ("solver", solver)) if value is not None}
    return given | dict(map(parse_option, options or ()))


def engine(
    bundle: str,
    device: str,
    threads: int,
    *,
    aligner: str = "hybrid",
    beam_size: int = 1,
    batch_tokens: int = 1024,
    spill: str | None = None,
    resident: Literal["all", "one"] | None = None,
    memory_limit: str | None = None,
) -> Engine:
    """The engine for these options; models load later. ``spill``: see `StreamOptions.spill_folder`.

    Batches depend on the input alone (no linger), so that a resumed job ends with the same bytes.
    """
    from spanport.api import Engine
    from spanport.options import WIDER, EncodeOptions, StreamOptions, TranslateOptions

    count = threads or available_cores()
    made = Engine.from_bundle(
        bundle,
        device=device,
        threads=count,
        align=aligner,
        translate=TranslateOptions(beam_size=beam_size, batch_tokens=WIDER * batch_tokens),
        encode=EncodeOptions(batch_tokens=batch_tokens),
        stream=StreamOptions(workers=count, linger=None, resident=resident or "all", spill_folder=spill),
    )
    if memory_limit is not None and resident is None:
        limit_memory(made, memory_limit)
    return made


def limit_memory(engine: Engine, limit: str) -> None:
    """Let models take turns where they do not fit together, and say why."""
    import msgspec

    from spanport.cli.console import say
    from spanport.memory import choose, parse_bytes

    needs = engine.models.memory_needs(engine.encode_options.batch_tokens, engine.translate_options.batch_tokens)
    resident, why = choose(needs, parse_bytes(limit))
    say(why)
    engine.stream_options = msgspec.structs.replace(engine.stream_options, resident=resident)


def projection_encoder(files: Files) -> Callable[[Projection], bytes]:
    """How one projection becomes bytes, spans below the confidence left out.

    Raises UsageError where links are asked for and the format has no room for them.
    """
    from functools import partial

    import msgspec

    from spanport.errors import UsageError
    from spanport.formats import FORMATS
    from spanport.formats.jsonl import encode_jsonl_projection

    encode, min_confidence = FORMATS[files.format].encode_projection, files.min_confidence
    assert encode is not None, "find_format refuses what cannot be written"
    if files.links and encode is not encode_jsonl_projection:
        raise UsageError(
            f"format {files.format!r} has no room for --links; write jsonl or parquet, or leave them out"
        )
    if files.links:
        encode = partial(encode_jsonl_projection, links=True)
    if not min_confidence:
        return encode

    def confident(projection: Projection) -> bytes:
        spans = tuple(span for span in projection.spans if span.score >= min_confidence)
        return encode(msgspec.structs.replace(projection, spans=spans))

    return confident
