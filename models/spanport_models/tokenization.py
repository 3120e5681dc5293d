"""Tokenization by the ``tokenizers`` library alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spanport_models.errors import ArchitectureError, BundleError
from spanport_models.word_cache import WordCache

Int32Array: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TokenizedWords:
    """One sentence of words as subword ids.

    Attributes:
        ids: int32 (s + special tokens,). Input of the encoder, special tokens included.
        word_of_subword: int32 (s,). Index of the word of each subword, special tokens excluded, never decreasing.
        words: Number of words given.
        truncated_words: Words at the end that lost all their subwords to truncation.
        subwords: int32 like `word_of_subword`, where a subword may belong to several words: the index of the subword
            that each entry of it is about, special tokens excluded. None: entry i is about subword i.
    """

    ids: Int32Array
    word_of_subword: Int32Array
    words: int
    truncated_words: int
    subwords: Int32Array | None = None


class WordTokenizer:
    """Turns pre-split words into subword ids, each word on its own, and so each distinct word once.

    Args:
        path: A ``tokenizer.json``.
        max_length: Longest result, special tokens included; what does not fit is cut, subword by subword.

    Raises:
        BundleError: The file cannot be read as a tokenizer.
        ArchitectureError: ``max_length`` leaves no room for a subword.
    """

    def __init__(self, path: Path, max_length: int) -> None:
        self._tokenizer = load_tokenizer(path)
        self._pieces = WordCache(self._tokenize, np.int32)
        self.max_length = max_length
        self._head, self._tail = self._special_ids()
        self.room = max_length - len(self._head) - len(self._tail)
        if self.room < 1:
            raise ArchitectureError(
                f"{path}: maximum length {max_length} leaves no room beside the special tokens",
                expected=f"at least {max_length - self.room + 1}",
            )

    @property
    def specials(self) -> tuple[int, int]:
        """Number of special tokens before and after the subwords of every sentence."""
        return len(self._head), len(self._tail)

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids, added tokens included."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    @cached_property
    def pad_id(self) -> int:
        """Id that fills the end of shorter rows."""
        found = (self._tokenizer.token_to_id(token) for token in ("<pad>", "[PAD]"))
        return next((int(value) for value in found if value is not None), 0)

    def token_id(self, token: str) -> int:
        """Id of a token.

        Raises:
            ArchitectureError: The vocabulary has no such token.
        """
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ArchitectureError(
                f"the tokenizer has no token {token!r}, which the manifest names",
                remedy="Export the bundle again from a matching model and tokenizer.",
            )
        return int(found)

    def __call__(self, sentences: Sequence[Sequence[str]], *, first_token: int | None = None) -> list[TokenizedWords]:
        """Tokenize sentences of words.

        A word without any subword (an empty word, a lone control character) is legal: no subword points at it.

        Args:
            sentences: Words of each sentence; a sentence may be empty.
            first_token: Id that replaces the first special token (the language of a translator's encoder).
        """
        head = self._head if first_token is None else np.r_[np.int32(first_token), self._head[1:]]
        counts = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        pieces, offsets = self._pieces([word for words in sentences for word in words])
        ends = np.cumsum(counts)
        word = np.arange(len(offsets) - 1, dtype=np.int32) - np.repeat((ends - counts).astype(np.int32), counts)
        owners = np.repeat(word, np.diff(offsets))
        out, start = [], 0
        for words, stop in zip(counts.tolist(), offsets[ends].tolist(), strict=True):
            end = min(stop, start + self.room)
            row = np.concatenate((head, pieces[start:end], self._tail))
            cut = len(np.setdiff1d(owners[end:stop], owners[start:end])) if end < stop else 0
            out.append(TokenizedWords(row, owners[start:end], words, cut))
            start = stop
        return out

    def running(self, sentences: Sequence[Sequence[str]], *, first_token: int | None = None) -> list[TokenizedWords]:
        """Tokenize sentences of a language written without spaces as running text, subwords matched by offsets.

        A subword belongs to the word in which it begins. A word in which none begins shares the one before.

        Args:
            sentences: See `__call__`; words are joined by nothing, two of ASCII letters or digits by a space.
            first_token: See `__call__`.
        """
        head = self._head if first_token is None else np.r_[np.int32(first_token), self._head[1:]]
        texts, ends = zip(*map(_run_together, sentences), strict=True) if sentences else ((), ())
        out = []
        for encoding, stops in zip(
            self._tokenizer.encode_batch(list(texts), add_special_tokens=False), ends, strict=True
        ):
            pieces = np.array(encoding.ids, dtype=np.int32)
            begins = np.array([begin for begin, _ in encoding.offsets], dtype=np.int64)
            own = np.minimum(np.searchsorted(stops, begins, side="right"), len(stops) - 1)
            lonely = np.setdiff1d(np.arange(len(stops)), own) if len(pieces) else np.zeros(0, np.int64)
            last = np.searchsorted(own, lonely) - 1
            owners = np.concatenate((own, lonely[last >= 0]))
            subwords = np.concatenate((np.arange(len(pieces)), last[last >= 0]))
            order = np.lexsort((subwords, owners))
            order = order[subwords[order] < self.room]
            kept = owners[order].astype(np.int32)
            cut = len(np.setdiff1d(owners, kept))
            row = np.concatenate((head, pieces[: self.room], self._tail))
            out.append(TokenizedWords(row, kept, len(stops), cut, subwords[order].astype(np.int32)))
        return out

    def _tokenize(self, words: list[str]) -> tuple[list[int], list[int]]:
        """Subword ids of all words, one after the other, and how many each has."""
        encodings = self._tokenizer.encode_batch(
            [[word] for word in words], is_pretokenized=True, add_special_tokens=False
        )
        ids = [encoding.ids for encoding in encodings]
        return list(chain.from_iterable(ids)), [len(own) for own in ids]

    def _special_ids(self) -> tuple[Int32Array, Int32Array]:
        """Ids that the post-processor puts before and after a sentence."""
        encoding = self._tokenizer.encode(["a"], is_pretokenized=True)
        special = np.array(encoding.special_tokens_mask, dtype=bool)
        ids = np.array(encoding.ids, dtype=np.int32)
        inner = np.flatnonzero(~special)
        if len(inner) == 0:
            raise ArchitectureError("the tokenizer turns the word 'a' into nothing")
        return ids[: inner[0]], ids[inner[-1] + 1 :]


def _run_together(words: Sequence[str]) -> tuple[str, NDArray[np.int64]]:
    """Words as running text, and where in it each of them ends."""
    text, ends = "", []
    for word in words:
        spaced = text[-1:].isascii() and text[-1:].isalnum() and word[:1].isascii() and word[:1].isalnum()
        text += f" {word}" if spaced else word
        ends.append(len(text))
    return text, np.array(ends, dtype=np.int64)


class TextTokenizer:
    """Turns running text into pieces (strings) and back, for a translator.

    Args:
        source: ``tokenizer.json`` of the source side.
        target: That of the target side where it differs, else None.

    Raises:
        BundleError: A file cannot be read as a tokenizer.
    """

    def __init__(self, source: Path, target: Path | None = None) -> None:
        self._source = load_tokenizer(source)
        self._target = self._source if target is None else load_tokenizer(target)
        added = self._target.get_added_tokens_decoder().values()
        self._silent = frozenset(token.content for token in added if token.special)

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """Pieces of source texts, without special tokens."""
        return _pieces(self._source, texts)

    def target_pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """Pieces of target texts, without special tokens."""
        return _pieces(self._target, texts)

    def text(self, pieces: Iterable[str]) -> str:
        """Running text of target pieces, special tokens left out."""
        spoken = [piece for piece in pieces if piece not in self._silent]
        decoder = self._target.decoder
        joined: str = decoder.decode(spoken) if decoder else "".join(spoken)
        return joined.strip()

    def require(self, languages: Mapping[str, str], where: Path) -> None:
        """Make sure that the source vocabulary has the token of each language (code -> token, "" = none).

        Raises:
            ArchitectureError: It lacks one.
        """
        for code, token in languages.items():
            if token and self._source.token_to_id(token) is None:
                raise ArchitectureError(
                    f"{where}: the tokenizer has no token {token!r}, which the manifest names for {code}",
                    expected="a tokenizer that belongs to the model",
                    remedy="Export the bundle again.",
                )


def load_tokenizer(path: Path) -> Any:
    """A ``tokenizers.Tokenizer`` without truncation or padding.

    Raises:
        BundleError: The file cannot be read as a tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception for every kind of bad file
        raise BundleError(
            f"{path} cannot be read as a tokenizer: {error}",
            expected="a tokenizer.json of the tokenizers library",
            remedy="Export or fetch the bundle again.",
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _pieces(tokenizer: Any, texts: Sequence[str]) -> list[list[str]]:
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [encoding.tokens for encoding in encodings]
