"""Pipeline bundles: an encoder, a translator and a lexicon that work together."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from spanport_models.atomic import new_folder
from spanport_models.bundle import copy_bundle, open_bundle, sha256_of
from spanport_models.errors import BundleError
from spanport_models.manifest import (
    EncoderManifest,
    Manifest,
    PipelineManifest,
    TranslatorManifest,
    write_manifest,
)
from spanport_models.registry import find_model

if TYPE_CHECKING:
    from spanport_models.encoder import Encoder
    from spanport_models.translator import Translator


_FILES = {"lexicon": "lexicon.npz", "calibration": "calibration.json"}


@dataclass(frozen=True, slots=True)
class PipelineBundle:
    """A pipeline bundle; its components are loaded when asked for, each time anew.

    Attributes:
        path: The bundle's folder.
        manifest: Its manifest.
        device: Device of the components.
        precision: Precision of the components ("auto": as stored).
        intra_threads: Threads inside one call of a component.
        inter_threads: Batches a translator works on at once; 0 = one per core.
        verify: How files are checked, see :func:`spanport_models.bundle.open_bundle`.
    """

    path: Path
    manifest: PipelineManifest
    device: str
    precision: str
    intra_threads: int
    inter_threads: int
    verify: Literal["sha256", "size"]

    @property
    def mixture(self) -> dict[str, float | str]:
        """Weights of the similarity mixture and the extraction settings."""
        return dict(self.manifest.mixture)

    @property
    def lexicon_path(self) -> Path | None:
        """The alignment lexicon, or None."""
        return self._file("lexicon")

    @property
    def calibration_path(self) -> Path | None:
        """What turns evidence for a projected span into its probability (read by the engine), or None."""
        return self._file("calibration")

    def encoder(self) -> "Encoder":
        """Load the token classifier and encoder.

        Raises:
            BundleError: The pipeline has none, or it is unusable.
        """
        return self._encoder("encoder")

    def aligner(self) -> "Encoder | None":
        """Load the encoder that only aligns, or None where the one of :meth:`encoder` does both.

        Raises:
            BundleError: It is unusable.
        """
        return self._encoder("aligner") if "aligner" in self.manifest.components else None

    def translator(self) -> "Translator":
        """Load the translator.

        Raises:
            BundleError: The pipeline has none, or it is unusable.
        """
        from spanport_models.translator import Translator

        return Translator(
            self._component("translator"),
            device=self.device,
            precision=self.precision,
            intra_threads=self.intra_threads,
            inter_threads=self.inter_threads,
            verify=self.verify,
        )

    def _file(self, role: Literal["lexicon", "calibration"]) -> Path | None:
        relative = self.manifest.components.get(role)
        return None if relative is None else self.path / relative

    def _encoder(self, role: Literal["encoder", "aligner"]) -> "Encoder":
        from spanport_models.encoder import Encoder

        return Encoder(
            self._component(role),
            device=self.device,
            precision=self.precision,
            intra_threads=self.intra_threads,
            verify=self.verify,
        )

    def _component(self, role: Literal["encoder", "aligner", "translator"]) -> Path:
        if role not in self.manifest.components:
            raise BundleError(
                f"{self.path} has no {role}",
                expected=f"a pipeline with a component {role!r}",
                remedy="Choose another bundle, or assemble one with `spanport export pipeline`.",
            )
        return self.path / self.manifest.components[role]


def load_bundle(
    name_or_path: str | Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    intra_threads: int = 1,
    inter_threads: int = 0,
    verify: Literal["sha256", "size"] = "sha256",
) -> PipelineBundle:
    """Open a pipeline bundle by name ("mini") or folder. Nothing is loaded yet but its manifest.

    Raises:
        UnknownModelError: No such name or folder.
        BundleError: The folder is not a sound pipeline bundle.
    """
    folder = find_model(name_or_path)
    manifest = open_bundle(folder, PipelineManifest, verify=verify)
    return PipelineBundle(folder, manifest, device, precision, intra_threads, inter_threads, verify)


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
) -> Path:
    """Put exported components into one pipeline bundle (hard links where the file system can, else copies).

    Args:
        out: Folder to make; must not exist.
        name: Name of the pipeline.
        encoder: Bundle of the token classifier.
        translator: Bundle of the translator.
        aligner: Bundle of a second encoder that aligns in place of the first.
        lexicon: Alignment lexicon (``.npz``).
        calibration: Calibration of projected spans (``.json``); see also :func:`calibrate_pipeline`.
        mixture: Similarity mixture; the neural similarity alone where None.
        pivot: NLLB code of the language that is labelled.

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
    with new_folder(out) as staging:
        for role, path in parts.items():
            copy_bundle(path, staging / role)
        files = {f"{role}/manifest.json": sha256_of(staging / role / "manifest.json") for role in parts}
        for role, path in plain.items():
            shutil.copyfile(path, staging / _FILES[role])
            files[_FILES[role]] = sha256_of(staging / _FILES[role])
        write_manifest(
            staging,
            PipelineManifest(
                format=1,
                name=name,
                licence=" AND ".join(sorted({part.licence for part in manifests.values()})),
                source="; ".join(f"{role}: {part.source}" for role, part in manifests.items()),
                files=files,
                languages=_languages(manifests),
                pivot=pivot,
                components=components,  # type: ignore[arg-type]
                mixture=dict(mixture or {"neural": 1.0}),
            ),
        )
    return out


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
