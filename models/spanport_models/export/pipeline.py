"""From names of models to one bundle: fetch, convert, put together. What a run before has finished is kept."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from spanport_models.assembly import assemble_pipeline
from spanport_models.atomic import new_folder
from spanport_models.bundle import copy_bundle, open_bundle
from spanport_models.cards import card_of, licence_notice
from spanport_models.devices import encoder_memory, translator_memory
from spanport_models.encoder import BATCH_TOKENS
from spanport_models.errors import BundleError, ExportError, UnknownModelError
from spanport_models.export.encoder import export_encoder, export_mt_encoder
from spanport_models.export.options import EncoderOptions, Progress, TranslatorOptions, quiet
from spanport_models.export.source import read_config
from spanport_models.export.translator import export_translator
from spanport_models.fetch import fetch
from spanport_models.manifest import MANIFEST_NAME, EncoderManifest, PipelineManifest, read_manifest
from spanport_models.registry import find_model
from spanport_models.translator import BATCH_TOKENS as TRANSLATED_TOKENS

Role: TypeAlias = Literal["encoder", "aligner", "translator"]
_TRANSLATORS = ("m2m_100",)
"""Model types whose encoder can align."""


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """What an export of a pipeline did.

    Attributes:
        folder: The bundle.
        unchanged: True when the folder already held it.
        licence: Licences of its parts.
        source: What its parts were made of, each with its commit on the hub where it comes from there.
        memory_bytes: Main memory that its models are expected to take together, one batch at a time.
        total_bytes: Size of the bundle.
    """

    folder: Path
    unchanged: bool
    licence: str
    source: str
    memory_bytes: int
    total_bytes: int


def export_pipeline(
    out: Path,
    parts: Mapping[Role, str],
    *,
    name: str | None = None,
    layer: int | None = None,
    lexicon: Path | None = None,
    commercial: bool = False,
    allow_pickle: bool = False,
    replace: bool = False,
    progress: Progress = quiet,
) -> PipelineReport:
    """Make a pipeline bundle of models, each a registered name, a hub name, a model folder or a bundle.

    Parts that are exported lie in ``.NAME.parts`` beside ``out`` until all are there: a run that is cut off goes on
    with those that are missing.

    Args:
        out: Folder of the bundle; appears whole or not at all.
        parts: Role -> model; "encoder" is needed. A translator as the "aligner" lends its encoder.
        name: Name of the pipeline; default that of ``out``.
        layer: Layer to align by, of the aligner where there is one; see `EncoderOptions`.
        lexicon: Alignment lexicon (``.npz``).
        commercial: Refuse models whose licence forbids commercial use, or is not known, before they are fetched.
        allow_pickle: See `EncoderOptions`.
        replace: Replace a folder that holds another bundle.
        progress: Told what is going on.

    Raises:
        FetchError: A model cannot be fetched.
        ExportError: A model cannot be converted, or its licence forbids commercial use.
        BundleError: A part is not of its kind, or ``out`` holds another bundle.
    """
    if commercial:
        for model in parts.values():
            _require_commercial(model)
    work = out.parent / f".{out.name}.parts"
    aligning: Role = "aligner" if "aligner" in parts else "encoder"
    ready = {
        role: _part(model, role, work, out, layer if role == aligning else None, allow_pickle, progress)
        for role, model in parts.items()
    }
    if commercial:
        for role, folder in ready.items():
            _require_free(read_manifest(folder).licence, parts[role])
    made = work / "pipeline"
    shutil.rmtree(made, ignore_errors=True)
    translator, aligner = ready.get("translator"), ready.get("aligner")
    assemble_pipeline(
        made, name=name or out.name, encoder=ready["encoder"], translator=translator, aligner=aligner, lexicon=lexicon
    )
    unchanged = _same(made, out)
    if not unchanged:
        with new_folder(out, replace=replace) as staging:
            copy_bundle(made, staging)
    shutil.rmtree(work)
    manifest = open_bundle(out, PipelineManifest, verify="size")
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return PipelineReport(out, unchanged, manifest.licence, manifest.source, _memory(out, manifest), total)


def _part(
    model: str, role: Role, work: Path, out: Path, layer: int | None, allow_pickle: bool, progress: Progress
) -> Path:
    """The bundle of a part: the one named, or one exported to ``work``."""
    if (bundle := _bundle(model)) is not None:
        return bundle
    folder = Path(model)
    if not folder.is_dir():
        fetched = fetch(model, progress=progress)
        if fetched.ready:
            return fetched.path
        folder = fetched.path
    target = work / role
    if not target.exists() and (out / role / MANIFEST_NAME).is_file():
        with new_folder(target) as staging:  # exported by an earlier run, which the exporter finds out
            copy_bundle(out / role, staging)
    progress(f"{role}: {model}")
    if role == "translator":
        return export_translator(
            folder, target, TranslatorOptions(allow_pickle=allow_pickle, replace=True), progress
        ).folder
    lends = role == "aligner" and read_config(folder).get("model_type") in _TRANSLATORS
    options = EncoderOptions(layer=layer, allow_pickle=allow_pickle, replace=True)
    return (export_mt_encoder if lends else export_encoder)(folder, target, options, progress).folder


def _bundle(model: str) -> Path | None:
    """The bundle of that name or folder on this machine, if there is one."""
    try:
        found = find_model(model)
    except UnknownModelError:
        return None
    return found if (found / MANIFEST_NAME).is_file() else None


def _require_commercial(model: str) -> None:
    if _bundle(model) is None and not Path(model).is_dir() and (card := card_of(model)) and not card.commercial:
        raise _forbidden(model, card.licence)


def _require_free(licence: str, model: str) -> None:
    if licence_notice(licence) or licence in ("", "unknown") or ((card := card_of(model)) and not card.commercial):
        raise _forbidden(model, licence)


def _forbidden(model: str, licence: str) -> ExportError:
    return ExportError(
        f"{model} is under the licence {licence!r}",
        expected="one that is known to allow commercial use",
        remedy="See `spanport models list --commercial`.",
    )


def _same(made: Path, out: Path) -> bool:
    try:
        return read_manifest(out) == read_manifest(made)
    except BundleError:
        return False


def _memory(folder: Path, manifest: PipelineManifest) -> int:
    needed = 0
    for relative in manifest.models.values():
        part = read_manifest(folder / relative)
        weights = sum((folder / relative / name).stat().st_size for name in part.files)
        if isinstance(part, EncoderManifest):
            needed += encoder_memory(weights, BATCH_TOKENS, part.hidden_size)
        else:
            needed += translator_memory(weights, 1, TRANSLATED_TOKENS)
    return needed
