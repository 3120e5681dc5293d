"""The models of a bundle, loaded when first asked for."""

from __future__ import annotations

import gc
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from spanport.errors import UsageError
from spanport.memory import trim
from spanport.options import AlignOptions
from spanport.ports import Encoder, Lexicon, Translator

if TYPE_CHECKING:
    from spanport_models.pipeline import PipelineBundle

log = logging.getLogger(__name__)

PROJECT_SCALE = "project_scale"
"""Entry of a manifest's mixture: the scale where links carry spans. Softer links are more, and more of them wrong: in
projection a link that is missed costs a span, and one too many is outvoted."""


class Models:
    """Encoder, translator and lexicon of a bundle; each loads once, on first use, and may be let go.

    ``threads`` is the number of batches worked on at once (None: one per core).
    Pickled, and in another process, they are what they were made with, and load anew.
    Methods raise ModelError when the bundle is missing, corrupted, or has no such part, DeviceError when the
    device is not granted.
    """

    def __init__(self, name: str, *, device: str = "auto", threads: int | None = None) -> None:
        self.name, self.device, self.threads = name, device, threads
        self._parts: dict[str, Any] = {}
        self._lock = threading.RLock()

    @property
    def bundle(self) -> PipelineBundle:
        """The bundle, opened and its manifest checked when first asked for."""
        from spanport_models.pipeline import load_bundle

        opened: PipelineBundle = self._part(
            "bundle", lambda: load_bundle(self.name, device=self.device, inter_threads=self.threads or 0)
        )
        return opened

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bundle's manifest, which names the checksums of all that belongs to the bundle."""
        return hashlib.sha256((self.bundle.path / "manifest.json").read_bytes()).hexdigest()

    def check(self) -> None:
        """Raise what stands in the way of loading: no such bundle, or a GPU that is not granted."""
        if self.bundle and self.device not in ("auto", "cpu"):
            _ = self.granted_device

    @cached_property
    def granted_device(self) -> str:
        """The device that models run on, ``auto`` resolved."""
        from spanport_models.devices import resolve_device

        return str(resolve_device(self.device))

    def encoder(self) -> Encoder:
        """The token classifier and aligner."""
        loaded: Encoder = self._part("encoder", lambda: self.bundle.encoder())
        return loaded

    def aligner(self) -> Encoder | None:
        """The second encoder, which aligns in place of the first, where the bundle has one."""
        loaded: Encoder | None = self._part("aligner", lambda: self.bundle.aligner())
        return loaded

    def translator(self) -> Translator:
        """The translator."""
        loaded: Translator = self._part("translator", lambda: self.bundle.translator())
        return loaded

    def lexicon(self) -> Lexicon | None:
        """The alignment lexicon, where the bundle has one."""

        def load() -> Lexicon | None:
            from spanport_models.lexicon import Lexicon as Loaded

            path = self.bundle.lexicon_path
            return None if path is None else Loaded.load(path)

        loaded: Lexicon | None = self._part("lexicon", load)
        return loaded

    def calibration(self) -> bytes | None:
        """The calibration of projected spans, where the bundle has one."""

        def load() -> bytes | None:
            path = self.bundle.calibration_path
            return None if path is None else path.read_bytes()

        read: bytes | None = self._part("calibration", load)
        return read

    def memory_needs(self, encode_tokens: int, translate_tokens: int) -> dict[str, int]:
        """Bytes that encoder and translator are expected to take; see `spanport_models.devices`.

        The tokens are those of one batch; as many are worked on at once as there are threads.
        """
        from spanport_models.devices import encoder_memory, tokenizer_memory, translator_memory
        from spanport_models.manifest import EncoderManifest, read_manifest

        bundle = self.bundle
        needs: dict[str, int] = {}
        for role, relative in bundle.manifest.models.items():
            manifest = read_manifest(bundle.path / relative)
            files = [bundle.path / relative / name for name in manifest.files]
            tokenizers = [file for file in files if file.name.endswith("tokenizer.json")]
            weights = sum(file.stat().st_size for file in files if file not in tokenizers)
            if isinstance(manifest, EncoderManifest):
                needs[role] = encoder_memory(weights, encode_tokens * (self.threads or 1), manifest.hidden_size)
            else:
                needs[role] = translator_memory(weights, self.threads or 1, translate_tokens)
            needs[role] += sum(map(tokenizer_memory, tokenizers))
        return needs

    def release(self, *parts: str) -> None:
        """Let parts go (``encoder``, ``translator``, ``lexicon``); all of them when none is named."""
        with self._lock:
            for part in parts or tuple(self._parts):
                self._parts.pop(part, None)
        gc.collect()
        trim()  # or the next model would come on top

    @property
    def licence_notice(self) -> str | None:
        """A sentence to show on use, where the licence asks for one."""
        from spanport_models.cards import licence_notice

        return licence_notice(self.bundle.manifest.licence)

    @cached_property
    def languages(self) -> Sequence[str]:
        """NLLB codes that the translator knows."""
        return tuple(self.bundle.manifest.languages)

    def align_options(self, *, projects: bool) -> AlignOptions:
        """What the bundle was tuned to, by links as such or by the spans that they carry (`PROJECT_SCALE`).

        Raises UsageError when the manifest's mixture has an unknown or malformed entry.
        """
        mixture: dict[str, Any] = dict(self.bundle.mixture)
        scale = mixture.pop(PROJECT_SCALE, None)
        if projects and scale is not None:
            mixture["scale"] = scale
        options: dict[str, Any] = {key: mixture.pop(key) for key in ("extraction", "threshold") if key in mixture}
        options["mixture"] = mixture
        try:
            tuned: AlignOptions = msgspec.convert(options, AlignOptions)
            return tuned
        except msgspec.ValidationError as error:
            raise UsageError(f"the mixture in the manifest of {self.name!r}: {error}") from error

    def _part(self, name: str, load: Callable[[], Any]) -> Any:
        with self._lock:
            if name not in self._parts:
                started = time.monotonic()
                self._parts[name] = load()
                log.info("%s of %s loaded in %.2f s", name, self.name, time.monotonic() - started)
            return self._parts[name]

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name, "device": self.device, "threads": self.threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
