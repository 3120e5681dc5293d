"""`spanport export`: Hugging Face models into bundles (extra ``export``)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from spanport.cli.console import say, table

app = typer.Typer(
    help="Convert Hugging Face models into bundles (needs the extra: export).",
    no_args_is_help=True,
    epilog="Example: spanport export pipeline ./mine --encoder xlm-r-large-conll03 --translator nllb-600m",
)

Model = Annotated[str, typer.Argument(help="A model folder, or a name on the hub.")]
Out = Annotated[Path, typer.Argument(help="The bundle folder to make.")]
Licence = Annotated[str, typer.Option(help="Licence of the weights, to record.")]
Name = Annotated[str | None, typer.Option(help="Short name to record; default: the model's.")]
Revision = Annotated[str | None, typer.Option(help="Commit, tag or branch on the hub.")]
Pickle = Annotated[bool, typer.Option("--allow-pickle", help="Load pickled weights, which can run code.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace a folder that holds another export.")]
Languages = Annotated[str, typer.Option(help="Languages of the model, separated by commas.")]
Layer = Annotated[int | None, typer.Option(min=1, help="Layer to align by; default: two thirds of the depth.")]
Precision = Annotated[str, typer.Option(help="int8, fp32, or fp16 (GPU).")]
Embeddings = Annotated[
    str, typer.Option(help="Word embeddings in 4 or 8 bits: int4, int8; default: int4 where it loses nothing.")
]
Cosine = Annotated[
    float,
    typer.Option(min=0, max=1, help="Refuse an export with a smaller mean cosine to the original's hidden states."),
]
Longest = Annotated[int | None, typer.Option("--max-length", min=8, help="Longest input in subwords; default: all.")]


@app.command(epilog="Example: spanport export encoder ./xlmr-conll03 ./my-encoder --layer 8 --precision int8")
def encoder(
    model: Model,
    out: Out,
    layer: Layer = None,
    precision: Precision = "int8",
    embeddings: Embeddings = "auto",
    least_cosine: Cosine = 0.998,
    max_length: Longest = None,
    languages: Languages = "",
    labels: Annotated[str, typer.Option(help="Labels in logit order, in place of the model's own: O,B-PER,...")] = "",
    conll: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Labelled file to score the original and the export on."),
    ] = None,
    licence: Licence = "unknown",
    name: Name = None,
    revision: Revision = None,
    allow_pickle: Pickle = False,
    replace: Replace = False,
) -> None:
    """Convert a token classifier (or a plain encoder, to align by) to ONNX with logits and hidden states."""
    _encode(
        "export_encoder", model, out, languages,
        layer=layer, precision=precision, embeddings=embeddings, least_cosine=least_cosine, max_length=max_length,
        labels=tuple(labels.split(",")) if labels else None,
        conll=conll, licence=licence, name=name, revision=revision, allow_pickle=allow_pickle, replace=replace,
    )  # fmt: skip


@app.command("mt-encoder", epilog="Example: spanport export mt-encoder ./nllb-600M ./nllb-aligner")
def mt_encoder(
    model: Model,
    out: Out,
    layer: Layer = None,
    precision: Precision = "int8",
    embeddings: Embeddings = "auto",
    least_cosine: Cosine = 0.998,
    max_length: Longest = None,
    languages: Languages = "",
    licence: Licence = "unknown",
    name: Name = None,
    revision: Revision = None,
    allow_pickle: Pickle = False,
    replace: Replace = False,
) -> None:
    """Convert the encoder of a translator, to align by (TransAlign)."""
    _encode(
        "export_mt_encoder", model, out, languages,
        layer=layer, precision=precision, embeddings=embeddings, least_cosine=least_cosine, max_length=max_length,
        licence=licence, name=name, revision=revision, allow_pickle=allow_pickle, replace=replace,
    )  # fmt: skip


@app.command(epilog="Example: spanport export translator ./nllb-200-distilled-600M ./my-nllb --precision int8")
def translator(
    model: Model,
    out: Out,
    precision: Annotated[str, typer.Option(help="int8, int8_float32, int16, float16, bfloat16 or float32.")] = "int8",
    repetition_penalty: Annotated[
        float, typer.Option(help="Kept in the bundle; 1.1 helps translators that repeat themselves.")
    ] = 1.0,
    shortlist: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Text, a sentence a line: only pieces that occur in it are written in its language (faster).",
        ),
    ] = None,
    shortlist_language: Annotated[str, typer.Option(help="Language of the shortlist.")] = "eng_Latn",
    keeps_tags: Annotated[
        bool, typer.Option("--keeps-tags", help="It was tuned to keep XML tags: entities are marked by these.")
    ] = False,
    licence: Licence = "unknown",
    name: Name = None,
    revision: Revision = None,
    allow_pickle: Pickle = False,
    replace: Replace = False,
) -> None:
    """Convert a translator (NLLB, M2M100, Marian, T5) to CTranslate2."""
    from spanport.languages import resolve
    from spanport_models.export import TranslatorOptions

    options = TranslatorOptions(
        precision=precision, repetition_penalty=repetition_penalty,
        shortlist=_lines(shortlist) if shortlist else (),
        shortlist_language=resolve(shortlist_language),
        keeps_tags=keeps_tags,
        licence=licence, name=name, revision=revision, allow_pickle=allow_pickle, replace=replace,
    )  # fmt: skip
    _run("export_translator", model, out, options)


@app.command(epilog="Example: spanport export pipeline ./mine --encoder xlm-r-large-conll03 --translator nllb-600m")
def pipeline(
    out: Out,
    encoder: Annotated[str, typer.Option(help="Token classifier: a name, a name on the hub, a folder or a bundle.")],
    translator: Annotated[str | None, typer.Option(help="Translator, named in the same ways.")] = None,
    aligner: Annotated[str | None, typer.Option(help="Encoder (of a translator, too) to align by instead.")] = None,
    layer: Layer = None,
    lexicon: Annotated[Path | None, typer.Option(help="Alignment lexicon (.npz).")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the pipeline; default: that of the folder.")] = None,
    commercial: Annotated[
        bool, typer.Option("--commercial", help="Refuse models whose licence is not known to allow commercial use.")
    ] = False,
    allow_pickle: Pickle = False,
    replace: Replace = False,
) -> None:
    """Fetch and convert models, and put them together into a bundle for `--bundle`; goes on where it was cut off."""
    from spanport_models.cards import licence_notice
    from spanport_models.export import export_pipeline

    given = {"encoder": encoder, "translator": translator, "aligner": aligner}
    report = export_pipeline(
        out, {role: model for role, model in given.items() if model},
        layer=layer, lexicon=lexicon, name=name,
        commercial=commercial, allow_pickle=allow_pickle, replace=replace, progress=say,
    )  # fmt: skip
    if report.unchanged:
        say(f"{report.folder} already holds this pipeline; nothing to do")
    rows = [
        ("folder", str(report.folder)),
        ("size", f"{report.total_bytes / 1e6:,.1f} MB"),
        ("memory needed", f"about {report.memory_bytes / 1e9:.1f} GB"),
        ("licence", report.licence),
        *(tuple(part.split(": ", 1)) for part in report.source.split("; ")),
    ]
    table(("pipeline", ""), rows)
    if notice := licence_notice(report.licence):
        say(notice)


def _lines(path: Path) -> tuple[str, ...]:
    from spanport.errors import UsageError

    try:
        found = tuple(path.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError as error:
        raise UsageError(f"--shortlist {path}: expected a text in UTF-8 ({error})") from error
    if not any(line.strip() for line in found):
        raise UsageError(f"--shortlist {path}: expected a text, a sentence a line; it is empty")
    return found


def _encode(function: str, model: str, out: Path, languages: str, **given: Any) -> None:
    import msgspec

    from spanport.errors import UsageError
    from spanport.languages import resolve
    from spanport_models.export import EncoderOptions

    given["languages"] = tuple(resolve(code.strip()) for code in languages.split(",") if code.strip())
    try:
        options = msgspec.convert(given, EncoderOptions)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"--precision {given['precision']} --embeddings {given['embeddings']}: "
            f"expected int8, fp32 or fp16, and auto, int4 or int8 ({error})"
        ) from error
    _run(function, model, out, options)


def _run(function: str, model: str, out: Path, options: Any) -> None:
    from spanport.errors import RuntimeMissingError

    try:
        import spanport_models.export as exporters

        export: Callable[..., Any] = getattr(exporters, function)
    except ImportError as error:
        raise RuntimeMissingError(f"export needs {error.name}: pip install 'spanport[export]'") from error
    report = export(model, out, options, progress=say)
    if report.unchanged:
        say(f"{report.folder} already holds this export; nothing to do")
        return
    rows = [
        ("folder", report.folder),
        ("size", f"{report.total_bytes / 1e6:,.1f} MB"),
        ("seconds", f"{report.seconds:.1f}"),
    ]
    losses = {
        "largest hidden-state error": report.hidden_error,
        "mean hidden-state cosine": report.mean_cosine,
        "worst hidden-state cosine": report.worst_cosine,
        "label agreement": report.label_agreement,
    }
    if report.embeddings:
        rows.append(("word embeddings", report.embeddings))
    rows += [(what, f"{value:.6f}") for what, value in losses.items() if value is not None]
    if report.f1:
        rows.append(("F1, original and export", "{:.4f} and {:.4f}".format(*report.f1)))
    table(("export", ""), rows)
