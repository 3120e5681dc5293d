"""Token-label probabilities and hidden states of one layer, in the same forward passes of ONNX Runtime."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spanport_models.batching import Int64Array, equal_batches, padded_length
from spanport_models.bundle import open_bundle
from spanport_models.devices import Device, encoder_memory, require_memory, resolve_device
from spanport_models.errors import unknown_language
from spanport_models.forking import PerProcess
from spanport_models.manifest import EncoderManifest
from spanport_models.scripts import SCRIPTS_WITHOUT_SPACES
from spanport_models.session import EncoderSession
from spanport_models.tokenization import Int32Array, TokenizedWords, WordTokenizer

Float32Array: TypeAlias = NDArray[np.float32]

BATCH_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Encoded:
    """What an encoder says about a batch of sentences.

    Attributes:
        hidden: float32 (S, d). States of all subwords but the special tokens, sentence after sentence; (S, 0) when
            they were not asked for.
        subword_offsets: int64 (B+1,). Where each sentence starts in ``hidden``.
        word_of_subword: int32 (S,). Index, within its sentence, of the word each subword belongs to.
        word_probabilities: float32 (W, L). Softmax over labels at the first subword of each word; a word without a
            subword (empty, or cut off) has "O" with probability 1. (W, 0) without labels or when not asked for.
        word_offsets: int64 (B+1,). Where each sentence starts in ``word_probabilities``.
    """

    hidden: Float32Array
    subword_offsets: Int64Array
    word_of_subword: Int32Array
    word_probabilities: Float32Array
    word_offsets: Int64Array


class Encoder:
    """An encoder bundle, loaded. Several threads may use one instance: they share one session and its weights.

    A forked or unpickled instance loads it again. What computes is its ``runtime``, an
    `spanport_models.session.EncoderSession`; one that wraps it may take its place, to watch the calls.

    Args:
        folder: A bundle of kind "encoder".
        device: "auto", "cpu", "cuda" or "cuda:N".
        precision: "auto" takes what the bundle holds; another value must equal it.
        intra_threads: Threads inside one call. 1 with several callers is faster than several with one caller.
        batch_tokens: Most tokens in a pass, unless it is asked for another number.
        verify: See `spanport_models.bundle.open_bundle`.

    Raises:
        BundleError: The bundle is missing, corrupted, of another kind or does not match its manifest.
        DeviceError: The device cannot be granted, or memory does not suffice.
        RuntimeMissingError: ONNX Runtime is not installed, or twice.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        device: str | Device = "auto",
        precision: str = "auto",
        intra_threads: int = 1,
        batch_tokens: int = BATCH_TOKENS,
        verify: Literal["sha256", "size"] = "sha256",
    ) -> None:
        where = Path(folder)
        manifest = open_bundle(where, EncoderManifest, verify=verify, precision=precision)
        weights = sum((where / name).stat().st_size for name in manifest.files if ".onnx" in name)
        require_memory(encoder_memory(weights, batch_tokens, manifest.hidden_size), f"the encoder {where}")
        self.manifest = manifest
        self.device = resolve_device(device)
        self.labels: tuple[str, ...] = manifest.labels
        self.languages: tuple[str, ...] = manifest.languages
        self.hidden_size: int = manifest.hidden_size
        self.max_length: int = manifest.max_length
        self.batch_tokens = batch_tokens
        self._outside = self.labels.index("O") if self.labels else 0
        self._goes_on = _goes_on(self.labels)
        self._tokenizer = WordTokenizer(where / "tokenizer.json", manifest.max_length)
        self._language_ids = {
            code: self._tokenizer.token_id(token) for code, token in manifest.language_tokens.items()
        }
        self.runtime: Any = PerProcess(partial(EncoderSession, where, manifest, self.device, intra_threads))
        self._recipe = partial(
            Encoder, where, device=device, precision=precision,
            intra_threads=intra_threads, batch_tokens=batch_tokens, verify=verify,
        )  # fmt: skip

    def __reduce__(self) -> tuple[Callable[[], "Encoder"], tuple[()]]:
        return self._recipe, ()

    @property
    def specials(self) -> tuple[int, int]:
        """Number of special tokens before and after the subwords of every sentence."""
        return self._tokenizer.specials

    def tokenize(self, sentences: Sequence[Sequence[str]], *, language: str | None = None) -> list[TokenizedWords]:
        """Subwords of pre-split words, at most ``max_length`` a sentence.

        Args:
            sentences: Words of each sentence.
            language: NLLB code. Needed by the encoder of a translator; sentences of a script without spaces are
                tokenized as running text.

        Raises:
            LanguageError: The encoder needs a language and this is not one of them.
        """
        unspaced = (language or "").rpartition("_")[2] in SCRIPTS_WITHOUT_SPACES
        tokenizer = self._tokenizer.running if unspaced else self._tokenizer
        if not self._language_ids:
            return tokenizer(sentences)
        if language not in self._language_ids:
            raise unknown_language(str(language), self._language_ids, model=self.manifest.name or "this encoder")
        return tokenizer(sentences, first_token=self._language_ids[language])

    def run(
        self,
        batch: Sequence[TokenizedWords],
        *,
        hidden: bool = True,
        logits: bool = True,
        batch_tokens: int | None = None,
    ) -> Encoded:
        """Forward passes over sentences, each over those of one `padded_length`: they do not change one another.

        Args:
            batch: From `tokenize`.
            hidden: Whether states are wanted.
            logits: Whether labels are; without them, layers above the alignment layer are not computed.
            batch_tokens: Most tokens in a pass, unless one sentence has more; None = what the encoder was made with.
        """
        lengths = np.fromiter((len(item.ids) for item in batch), dtype=np.int64, count=len(batch))
        words = np.fromiter((item.words for item in batch), dtype=np.int64, count=len(batch))
        head, tail = self._tokenizer.specials
        places = _offsets(lengths - head - tail)
        bounds = places.tolist()
        logits = logits and bool(self.labels)
        states = np.empty((bounds[-1], self.hidden_size if hidden else 0), dtype=np.float32)
        scores = np.empty((bounds[-1], len(self.labels) if logits else 0), dtype=np.float32)
        widths = [self._width(length) for length in lengths.tolist()]
        for here in equal_batches(widths, batch_tokens or self.batch_tokens) if hidden or logits else ():
            raw = self.run_raw([batch[i] for i in here], hidden=hidden, logits=logits)
            for row, i in enumerate(here):  # a mask over all rows at once takes several times the time
                first, last = bounds[i], bounds[i + 1]
                if hidden:
                    states[first:last] = raw["hidden_states"][row, head : head + last - first]
                if logits:
                    scores[first:last] = raw["logits"][row, head : head + last - first]
        owners = _concatenate([item.word_of_subword for item in batch])
        subword_offsets = _offsets(np.array([len(item.word_of_subword) for item in batch], dtype=np.int64))
        word_offsets = _offsets(words)
        if any(item.subwords is not None for item in batch):
            own = [np.arange(len(i.word_of_subword)) if i.subwords is None else i.subwords for i in batch]
            index = np.concatenate(own) + np.repeat(places[:-1], np.diff(subword_offsets))
            states, scores = states[index], scores[index]
        else:
            index = np.arange(len(owners))
        probabilities = np.zeros((int(word_offsets[-1]), scores.shape[1]), dtype=np.float32)
        if logits:
            probabilities[:, self._outside] = 1.0
            owner_of_all = owners + np.repeat(word_offsets[:-1], np.diff(subword_offsets))
            first = np.flatnonzero(np.diff(owner_of_all, prepend=-1))
            found = _softmax(scores[first])
            shared = (first > 0) & (index[first] == index[first - 1])
            found[shared] = found[shared] @ self._goes_on
            probabilities[owner_of_all[first]] = found
        return Encoded(states, subword_offsets, owners, probabilities, word_offsets)

    def run_raw(
        self, batch: Sequence[TokenizedWords], *, hidden: bool = True, logits: bool = True
    ) -> dict[str, NDArray[Any]]:
        """The graph's own outputs for a non-empty batch: "hidden_states" (B, T, d) and "logits" (B, T, L), padded."""
        lengths = np.fromiter((len(item.ids) for item in batch), dtype=np.int64, count=len(batch))
        valid = np.arange(self._width(int(lengths.max()))) < lengths[:, None]
        ids = np.full(valid.shape, self._tokenizer.pad_id, dtype=np.int64)
        ids[valid] = np.concatenate([item.ids for item in batch])
        outputs: dict[str, NDArray[Any]] = self.runtime.run(
            ids, valid.astype(np.int64), hidden=hidden, logits=logits and bool(self.labels)
        )
        return outputs

    def _width(self, length: int) -> int:
        return max(min(padded_length(length), self.max_length), length)

    def encode(
        self,
        sentences: Sequence[Sequence[str]],
        *,
        batch_tokens: int | None = None,
        hidden: bool = True,
        logits: bool = True,
        language: str | None = None,
    ) -> Encoded:
        """`tokenize` and `run`."""
        items = self.tokenize(sentences, language=language)
        return self.run(items, hidden=hidden, logits=logits, batch_tokens=batch_tokens)


def _goes_on(labels: tuple[str, ...]) -> Float32Array:
    """float32 (L, L): carries what a word is over to the next word of the same subword, where none begins."""
    after = {i: labels.index(f"I-{name[2:]}") for i, name in enumerate(labels) if f"I-{name[2:]}" in labels}
    return np.eye(len(labels), dtype=np.float32)[[after.get(i, i) for i in range(len(labels))]]


def _softmax(scores: Float32Array) -> Float32Array:
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def _offsets(lengths: Int64Array) -> Int64Array:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _concatenate(arrays: list[Int32Array]) -> Int32Array:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int32)
