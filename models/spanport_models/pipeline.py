"""Pipeline bundles: an encoder, a translator and a lexicon that work together."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spanport_models.bundle import open_bundle
from spanport_models.errors import BundleError
from spanport_models.manifest import EncoderManifest, Manifest, PipelineManifest
from spanport_models.registry import find_model

if TYPE_CHECKING:
    from spanport_models.encoder import Encoder
    from spanport_models.translator import Translator


ALONE: dict[str, float | str] = {"neural": 1.0}
"""The similarity mixture of an encoder alone."""


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
        verify: How files are checked, see `spanport_models.bundle.open_bundle`.
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
        """Load the encoder that only aligns, or None where the one of `encoder` does both.

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

    The bundle of an encoder alone serves as a pipeline of that encoder.

    Raises:
        UnknownModelError: No such name or folder.
        BundleError: The folder is not a sound bundle of a pipeline or of an encoder.
    """
    folder = find_model(name_or_path)
    found: Manifest = open_bundle(folder, (PipelineManifest, EncoderManifest), verify=verify)
    manifest = found if isinstance(found, PipelineManifest) else _around(found)
    return PipelineBundle(folder, manifest, device, precision, intra_threads, inter_threads, verify)


def _around(encoder: Manifest) -> PipelineManifest:
    """The manifest of a pipeline that consists of an encoder in the same folder."""
    return PipelineManifest(
        format=1,
        name=encoder.name,
        licence=encoder.licence,
        source=encoder.source,
        files=encoder.files,
        languages=tuple(getattr(encoder, "languages", ())),
        components={"encoder": "."},
        mixture=dict(ALONE),
    )
