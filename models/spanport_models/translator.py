"""Translation and teacher-forced scoring by CTranslate2."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spanport_models.batching import even_batches
from spanport_models.bundle import open_bundle
from spanport_models.ctranslate import load_ctranslate2
from spanport_models.devices import (
    Device,
    available_cores,
    require_memory,
    resolve_device,
    translator_compute_type,
    translator_memory,
)
from spanport_models.errors import unknown_language
from spanport_models.forking import PerProcess
from spanport_models.manifest import TranslatorManifest
from spanport_models.tokenization import TextTokenizer

Float32Array: TypeAlias = NDArray[np.float32]

BATCH_TOKENS = 2048
END = "</s>"


@dataclass(frozen=True, slots=True)
class Generated:
    """One translation.

    Attributes:
        text: Running text in the target language.
        finished: False when the length limit cut it off.
        truncated_source: Pieces of the source that did not fit and were not translated.
    """

    text: str
    finished: bool
    truncated_source: int


class Translator:
    """A translator bundle, loaded. Several threads may use one instance; a forked or unpickled one loads it again.

    What computes is its ``runtime``, a CTranslate2 translator; one that wraps it may take its place, to watch calls.

    Args:
        folder: A bundle of kind "translator".
        device: "auto", "cpu", "cuda" or "cuda:N".
        precision: "auto", "int8", "fp32" or (on a GPU) "fp16"; weights are converted on loading.
        intra_threads: Threads inside one batch.
        inter_threads: Batches translated at once, sharing one copy of the weights; 0 = one per core
            (one on a GPU).
        verify: See `spanport_models.bundle.open_bundle`.

    Raises:
        BundleError: The bundle is missing, corrupted, of another kind or does not match its manifest.
        DeviceError: The device cannot be granted, or memory does not suffice.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        device: str | Device = "auto",
        precision: str = "auto",
        intra_threads: int = 1,
        inter_threads: int = 0,
        verify: Literal["sha256", "size"] = "sha256",
    ) -> None:
        where = Path(folder)
        self.manifest = open_bundle(where, TranslatorManifest, verify=verify)
        self.device = resolve_device(device)
        cpu = self.device.kind == "cpu"
        self.inter_threads = inter_threads or (max(available_cores() // intra_threads, 1) if cpu else 1)
        weights = sum((where / name).stat().st_size for name in self.manifest.files if name.endswith(".bin"))
        if cpu:
            require_memory(translator_memory(weights, self.inter_threads, BATCH_TOKENS), f"the translator {where}")
        self.languages: dict[str, str] = dict(self.manifest.languages)
        self.keeps_tags: bool = self.manifest.keeps_tags
        self.max_length: int = self.manifest.max_length
        target = where / "target_tokenizer.json"
        self._tokenizer = TextTokenizer(where / "tokenizer.json", target if target.is_file() else None)
        self._tokenizer.require(self.languages, where)
        compute = translator_compute_type(precision, self.manifest.precision, self.device)
        self.runtime: Any = PerProcess(
            partial(load_ctranslate2, where, self.device, compute, intra_threads, self.inter_threads)
        )
        self._recipe = partial(
            Translator, where, device=device, precision=precision,
            intra_threads=intra_threads, inter_threads=inter_threads, verify=verify,
        )  # fmt: skip

    def __reduce__(self) -> tuple[Callable[[], "Translator"], tuple[()]]:
        return self._recipe, ()

    def tokenize(self, texts: Sequence[str], language: str, target_language: str = "") -> list[list[str]]:
        """Input of `generate`: the model's language token, the pieces, and the end token.

        Args:
            texts: Running text in ``language``.
            language: NLLB code of the texts.
            target_language: NLLB code of the translation; only T5 and Marian models, which say the target in the
                source, need it.

        Raises:
            LanguageError: The model does not have the language.
        """
        head = self._head(language, target_language)
        return [[*head, *pieces, END] for pieces in self._tokenizer.pieces(texts)]

    def generate(
        self,
        tokens: Sequence[Sequence[str]],
        target_language: str,
        *,
        beam_size: int = 1,
        max_decoding_length: int = 512,
        length_ratio: float = 2.0,
        no_repeat_ngram_size: int = 0,
        repetition_penalty: float | None = None,
    ) -> list[Generated]:
        """Translate one batch of tokenized sources.

        A translation ends after ``length_ratio`` times its source plus 24 tokens, so that a model that repeats itself
        cannot run away. The batch is decoded for as long as its longest source allows, and each translation then cut:
        what greedy decoding gives a source does not depend on its neighbours.

        Args:
            tokens: Sources, from `tokenize`.
            target_language: NLLB code of the translation.
            beam_size: 1 is greedy decoding.
            max_decoding_length: Most tokens of a translation, whatever the source.
            length_ratio: See above.
            no_repeat_ngram_size: Forbid n-grams of this size to occur twice (0 = off).
            repetition_penalty: Above 1, tokens already produced become less likely; None = as the bundle says.

        Raises:
            LanguageError: The model does not have the language.
        """
        if not tokens:
            return []
        prefix = self._prefix(target_language)
        penalty = self.manifest.repetition_penalty if repetition_penalty is None else repetition_penalty
        cut = [self._cut(source) for source in tokens]
        wanted = [min(max_decoding_length, math.ceil(length_ratio * len(source)) + 24) for source in cut]
        limits = [min(len(prefix) + own, self.max_length - 1) for own in wanted]  # the model has no further positions
        results = self.runtime.translate_batch(
            cut,
            target_prefix=[prefix] * len(cut) if prefix else None,
            beam_size=beam_size,
            max_decoding_length=max(limits),
            max_input_length=0,
            no_repeat_ngram_size=no_repeat_ngram_size,
            repetition_penalty=penalty,
            disable_unk=True,
            use_vmap=target_language == self.manifest.shortlist,
        )
        return [
            Generated(
                self._tokenizer.text(result.hypotheses[0][len(prefix) : limit]),
                len(result.hypotheses[0]) < limit,
                len(source) - len(kept),
            )
            for result, source, kept, limit in zip(results, tokens, cut, limits, strict=True)
        ]

    def translate(
        self,
        texts: Sequence[str],
        source_language: str,
        target_language: str,
        *,
        batch_tokens: int = BATCH_TOKENS,
        **options: Any,
    ) -> list[Generated]:
        """Translate any number of texts in batches of similar length; results in the order given.

        Blank texts stay blank. ``options`` are those of `generate`.
        """
        rows = [i for i, text in enumerate(texts) if not text.isspace() and text]
        results = [Generated("", True, 0)] * len(texts)
        tokens = self.tokenize([texts[i] for i in rows], source_language, target_language)
        for batch in even_batches([len(source) for source in tokens], batch_tokens):
            outputs = self.generate([tokens[j] for j in batch], target_language, **options)
            for j, output in zip(batch, outputs, strict=True):
                results[rows[j]] = output
        return results

    def score(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        source_language: str,
        target_language: str,
        *,
        batch_tokens: int = BATCH_TOKENS,
    ) -> list[Float32Array]:
        """Natural-log probability of each token of given translations, language token excluded.

        The last value of each array is that of the end token. Translations longer than the model's positions are
        cut. The direct score of NMTScore (Vamvas and Sennrich 2022) is a function of their mean.

        Raises:
            LanguageError: The model does not have a language.
        """
        prefix = self._prefix(target_language)
        head, room = self._head(source_language, target_language), self.max_length - len(prefix) - 2
        rows, wanted = self._tokenizer.pieces(sources), self._tokenizer.target_pieces(targets)
        tokens = [self._cut([*head, *row, END]) for row in rows]
        forced = [prefix + row[:room] for row in wanted]
        results = self.runtime.score_batch(
            tokens, forced, offset=len(prefix), max_input_length=0, max_batch_size=batch_tokens, batch_type="tokens"
        )
        return [np.array(result.log_probs, dtype=np.float32) for result in results]

    def _head(self, language: str, target_language: str) -> list[str]:
        """What comes before the pieces of a source: the token of its language, or of that of the translation."""
        token = self._token(language, self.manifest.sources)
        if self.manifest.architecture != "m2m100":
            token = self._token(target_language or language, self.manifest.targets)
        return [token] if token else []

    def _prefix(self, language: str) -> list[str]:
        token = self._token(language, self.manifest.targets)
        return [token] if self.manifest.architecture == "m2m100" else []

    def _token(self, language: str, allowed: Sequence[str]) -> str:
        known = allowed or tuple(self.languages)
        if language not in known:
            raise unknown_language(language, known, model=self.manifest.name or "this translator")
        return self.languages[language]

    def _cut(self, source: Sequence[str]) -> list[str]:
        """At most ``max_length`` tokens, the end token kept."""
        return list(source) if len(source) <= self.max_length else [*source[: self.max_length - 1], END]
