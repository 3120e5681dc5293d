"""Pipeline bundles out of exported parts."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from spanport_models.atomic import new_folder
from spanport_models.bundle import copy_bundle, open_bundle, sha256_of
from spanport_models.manifest import (
    EncoderManifest,
    Manifest,
    PipelineManifest,
    TranslatorManifest,
    write_manifest,
)
from spanport_models.pipeline import ALONE

_FILES = {"lexicon": "lexicon.npz", "calibration": "calibration.json"}


def assemble_pipeline(
    out: Path,
    *,
    name: str,
    encoder: Path,
    translator: Path | None = None,
    aligner: Path | None = None,
    lexicon: Path | None = None,
    calibration: Path | None = None,
    mixture: Mapping[str, float | str] | None = None,
    pivot: str = "eng_Latn",
    replace: bool = False,
) -> Path:
    """Put exported components into one pipeline bundle (hard links where the file system can, else copies).

    Args:
        out: Folder to make; must not exist, unless ``replace``.
        name: Name of the pipeline.
        encoder: Bundle of the token classifier.
        translator: Bundle of the translator.
        aligner: Bundle of a second encoder that aligns in place of the first.
        lexicon: Alignment lexicon (``.npz``).
        calibration: Calibration of projected spans (``.json``); see also `calibrate_pipeline`.
        mixture: Similarity mixture; the neural similarity alone where None.
        pivot: NLLB code of the language that is labelled.
        replace: Replace a folder that holds another bundle.

    Returns:
        The folder made.

    Raises:
        BundleError: A component is not a bundle of its kind, or ``out`` exists.
    """
    kinds: dict[str, type[EncoderManifest | TranslatorManifest]] = {
        "encoder": EncoderManifest,
        "aligner": EncoderManifest,
        "translator": TranslatorManifest,
    }
    given = {"encoder": encoder, "aligner": aligner, "translator": translator}
    parts = {role: path for role, path in given.items() if path is not None}
    manifests: dict[str, Manifest] = {
        role: open_bundle(path, kinds[role], verify="size") for role, path in parts.items()
    }
    plain = {role: path for role, path in (("lexicon", lexicon), ("calibration", calibration)) if path is not None}
    components = {role: role for role in parts} | {role: _FILES[role] for role in plain}
    with new_folder(out, replace=replace) as staging:
        for role, path in parts.items():
            copy_bundle(path, staging / role)
        files = {f"{role}/manifest.json": sha256_of(staging / role / "manifest.json") for role in parts}
        for role, path in plain.items():
            shutil.copyfile(path, staging / _FILES[role])
            files[_FILES[role]] = sha256_of(staging / _FILES[role])
        manifest = _manifest(name, manifests, files, pivot, mixture)
        write_manifest(staging, msgspec.structs.replace(manifest, components=components))
    return out


def _manifest(
    name: str,
    parts: Mapping[str, Manifest],
    files: dict[str, str],
    pivot: str,
    mixture: Mapping[str, float | str] | None,
) -> PipelineManifest:
    """The manifest of a pipeline of these parts, without its components."""
    return PipelineManifest(
        format=1,
        name=name,
        licence=" AND ".join(sorted({part.licence for part in parts.values()})),
        source="; ".join(f"{role}: {part.source}" for role, part in parts.items()),
        files=files,
        languages=_languages(parts),
        pivot=pivot,
        components={},
        mixture=dict(mixture or ALONE),
    )


def calibrate_pipeline(folder: Path, calibration: bytes, mixture: Mapping[str, float | str] | None = None) -> None:
    """Give a pipeline bundle a calibration, and a similarity mixture, in place of those it has.

    Raises:
        BundleError: The folder is not a sound pipeline bundle.
    """
    manifest = open_bundle(folder, PipelineManifest, verify="size")
    name = _FILES["calibration"]
    (folder / name).write_bytes(calibration)
    changed = msgspec.structs.replace(
        manifest,
        files={**manifest.files, name: sha256_of(folder / name)},
        components={**manifest.components, "calibration": name},
        mixture=dict(mixture or manifest.mixture),
    )
    write_manifest(folder, changed)


def _languages(manifests: Mapping[str, Manifest]) -> tuple[str, ...]:
    translator = manifests.get("translator")
    if isinstance(translator, TranslatorManifest):
        return tuple(translator.languages)
    return tuple(getattr(manifests["encoder"], "languages", ()))
