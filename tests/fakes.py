"""Weightless stand-ins for the models, so that engine tests need no runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")


@dataclass
class Tokens:
    """A sentence as the fake encoder reads it: one token a word, two specials."""

    words: list[str]
    truncated_words: int = 0

    @property
    def ids(self) -> list[int]:
        return [0] * (len(self.words) + 2)


@dataclass
class Encoded:
    hidden: np.ndarray
    subword_offsets: np.ndarray
    word_of_subword: np.ndarray
    word_probabilities: np.ndarray
    word_offsets: np.ndarray


@dataclass
class FakeEncoder:
    """Words that the dictionary maps to one another get the same one-hot-like vector; tags come from a table."""

    tags: Mapping[str, str] = field(default_factory=dict)
    concepts: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = LABELS
    languages: tuple[str, ...] = ()
    max_words: int = 512
    size: int = 64
    calls: int = 0

    def tokenize(self, sentences: Sequence[Sequence[str]], *, language: str | None = None) -> list[Tokens]:
        return [Tokens(list(words), max(0, len(words) - self.max_words)) for words in sentences]

    def vector(self, word: str) -> np.ndarray:
        concept = self.concepts.get(word.casefold(), word.casefold())
        seed = int.from_bytes(concept.encode()[:8].ljust(8, b"\0"), "little") + len(concept)
        return np.random.default_rng(seed).standard_normal(self.size).astype(np.float32)

    def run(
        self, batch: Sequence[Tokens], *, hidden: bool = True, logits: bool = True, batch_tokens: int | None = None
    ) -> Encoded:
        self.calls += 1
        words = [word for tokens in batch for word in tokens.words]
        offsets = np.concatenate([[0], np.cumsum([len(tokens.words) for tokens in batch])]).astype(np.int64)
        vectors = np.array([self.vector(word) for word in words], np.float32).reshape(-1, self.size)
        probabilities = np.full((len(words), len(self.labels)), 0.0125, np.float32)
        for i, word in enumerate(words):
            probabilities[i, self.labels.index(self.tags.get(word, "O"))] = 0.9
        owners = np.concatenate([np.arange(len(t.words)) for t in batch] or [np.empty(0)]).astype(np.int32)
        return Encoded(vectors, offsets, owners, probabilities, offsets)


@dataclass(frozen=True)
class Generated:
    text: str


@dataclass
class FakeTranslator:
    """Translates word by word from a dictionary; unknown words stay."""

    words: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ("eng_Latn", "spa_Latn", "deu_Latn", "ita_Latn")
    calls: int = 0

    def tokenize(self, texts: Sequence[str], language: str, target_language: str = "") -> list[list[str]]:
        return [[language, *text.split(), "</s>"] for text in texts]

    def generate(
        self, tokens: Sequence[Sequence[str]], target_language: str, *, beam_size: int = 1
    ) -> list[Generated]:
        self.calls += 1
        return [Generated(" ".join(self.words.get(word, word) for word in row[1:-1])) for row in tokens]

    def score(
        self, sources: Sequence[str], targets: Sequence[str], source_language: str, target_language: str
    ) -> list[np.ndarray]:
        """High where a target word translates one of the source's, low elsewhere; plus the end token."""
        rows = []
        for source, target in zip(sources, targets, strict=True):
            known = {self.words.get(word, word) for word in source.split()} | set(source.split())
            known |= {word for word, other in self.words.items() if other in source.split()}
            rows.append(np.array([-0.1 if word in known else -3.0 for word in target.split()] + [-0.1], np.float32))
        return rows


@dataclass
class FakeModels:
    """What `Engine` asks of its models."""

    fake_encoder: FakeEncoder = field(default_factory=FakeEncoder)
    fake_translator: FakeTranslator = field(default_factory=FakeTranslator)
    fake_aligner: FakeEncoder | None = None
    name: str = "fake"
    digest: str = "0"
    released: bool = False
    licence_notice: str | None = None
    granted_device: str = "cpu"

    @property
    def languages(self) -> tuple[str, ...]:
        return self.fake_translator.languages

    def encoder(self) -> FakeEncoder:
        return self.fake_encoder

    def aligner(self) -> FakeEncoder | None:
        return self.fake_aligner

    def translator(self) -> FakeTranslator:
        return self.fake_translator

    def lexicon(self) -> None:
        return None

    def calibration(self) -> None:
        return None

    def release(self, *parts: str) -> None:
        self.released = True

    def align_options(self, *, projects):  # type: ignore[no-untyped-def]
        from spanport.options import AlignOptions

        return AlignOptions(extraction="intersection")


@dataclass
class ScriptedTranslator(FakeTranslator):
    """Translates whole texts by script, else word by word; scores by ``likes`` where that knows the target."""

    texts: Mapping[str, str] = field(default_factory=dict)
    likes: Mapping[str, Sequence[float]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def generate(
        self, tokens: Sequence[Sequence[str]], target_language: str, *, beam_size: int = 1
    ) -> list[Generated]:
        plain = super().generate(tokens, target_language, beam_size=beam_size)
        rows = [" ".join(row[1:-1]) for row in tokens]
        self.asked += rows
        return [Generated(self.texts.get(row, result.text)) for row, result in zip(rows, plain, strict=True)]

    def score(
        self, sources: Sequence[str], targets: Sequence[str], source_language: str, target_language: str
    ) -> list[np.ndarray]:
        self.asked += targets
        plain = super().score(sources, targets, source_language, target_language)
        return [
            np.array(self.likes[target], np.float32) if target in self.likes else row
            for target, row in zip(targets, plain, strict=True)
        ]
