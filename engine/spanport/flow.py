"""The steps of a job, each a function from a batch of `Work` to the same batch with one field more.

`api` joins them into streams; they know models only through `ports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spanport.errors import RecordError
from spanport.options import AlignOptions, TranslateOptions
from spanport.ports import Encoder, Int32, Lexicon, Translator
from spanport.stages.align import align
from spanport.stages.batch import Job, check_links
from spanport.stages.embed import Embedded, embed
from spanport.stages.label import label_spans
from spanport.systems.base import System
from spanport.types import Alignment, Pair, Projection, Sentence
from spanport.words import with_words

MOST_TOKENS = 512
"""A text of more tokens is rejected: sentence models cut or garble it without a word."""


@dataclass(frozen=True, slots=True)
class Work:
    """One record on its way; fields fill from left to right."""

    target: Sentence
    source: Sentence | None = None
    alignment: Alignment | None = None
    pieces: tuple[str, ...] = ()
    source_tokens: Any = None
    target_tokens: Any = None
    job: Job | None = None

    @property
    def ready_source(self) -> Sentence:
        """The source sentence, once there is one."""
        assert self.source is not None, "the source comes before this step"
        return self.source


def split(batch: Sequence[Work]) -> list[Work]:
    """Give every sentence its words, unless it came with them."""
    return [
        replace(work, target=with_words(work.target), source=with_words(work.source) if work.source else None)
        for work in batch
    ]


class Pieces:
    """Tokenise the target text for the translator."""

    def __init__(self, translator: Translator, language: str, pivot: str) -> None:
        self.translator, self.language, self.pivot = translator, language, pivot

    def __call__(self, batch: Sequence[Work]) -> list[Work]:
        tokens = self.translator.tokenize([w.target.text for w in batch], self.language, self.pivot)
        for pieces in tokens:
            if len(pieces) > MOST_TOKENS:
                raise RecordError(
                    f"the text has {len(pieces)} tokens and the translator takes {MOST_TOKENS}; split it into sentences"
                )
        return [replace(work, pieces=tuple(p)) for work, p in zip(batch, tokens, strict=True)]


class Translate:
    """Carry the target text into the pivot language; identical texts of a batch are translated once."""

    def __init__(self, translator: Translator, pivot: str, options: TranslateOptions) -> None:
        self.translator, self.pivot, self.options = translator, pivot, options

    def __call__(self, batch: Sequence[Work]) -> list[Work]:
        distinct = list(dict.fromkeys(work.pieces for work in batch if work.target.words))
        found = self.translator.generate(distinct, self.pivot, beam_size=self.options.beam_size) if distinct else []
        texts = {pieces: result.text for pieces, result in zip(distinct, found, strict=True)}
        sources = [Sentence(texts[work.pieces] if work.target.words else "", self.pivot) for work in batch]
        return [replace(work, source=with_words(source)) for work, source in zip(batch, sources, strict=True)]


class Tokenize:
    """Tokenise both sides for the encoder."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def __call__(self, batch: Sequence[Work]) -> list[Work]:
        sentences = [work.ready_source for work in batch] + [work.target for work in batch]
        tokens = self.encoder.tokenize([sentence.word_texts() for sentence in sentences])
        for sentence, item in zip(sentences, tokens, strict=True):
            if item.truncated_words:
                raise RecordError(
                    f"{item.truncated_words} of {len(sentence.words)} words lie past the encoder's longest input; "
                    "split the text into sentences"
                )
        n = len(batch)
        return [replace(w, source_tokens=tokens[i], target_tokens=tokens[n + i]) for i, w in enumerate(batch)]


class Encode:
    """One forward pass over both sides: entities of the source, links, and the classifier's view of the target."""

    def __init__(
        self,
        encoder: Encoder,
        options: AlignOptions,
        lexicon: Lexicon | None,
        *,
        label_source: bool,
        label_target: bool,
    ) -> None:
        self.encoder, self.options, self.lexicon = encoder, options, lexicon
        self.label_source, self.label_target = label_source, label_target

    def __call__(self, batch: Sequence[Work]) -> list[Work]:
        n = len(batch)
        tokens = [work.source_tokens for work in batch] + [work.target_tokens for work in batch]
        both = embed(self.encoder, tokens, logits=self.label_source or self.label_target)
        source, target = both.take(0, n), both.take(n, 2 * n)
        sources = [work.ready_source for work in batch]
        links = self._links(batch, sources, source, target)
        out = []
        for i, work in enumerate(batch):
            sentence = sources[i]
            if self.label_source:
                spans = label_spans(sentence.words, source.probabilities_of(i), self.encoder.labels)
                sentence = Sentence(sentence.text, sentence.language, sentence.words, spans)
            view = target.probabilities_of(i) if self.label_target else None
            out.append(replace(work, job=Job(sentence, work.target, links[i], view)))
        return out

    def _links(
        self, batch: Sequence[Work], sources: Sequence[Sentence], source: Embedded, target: Embedded
    ) -> list[Int32]:
        if all(work.alignment is not None for work in batch):
            return [given_links(work) for work in batch]
        return align(sources, [work.target for work in batch], source, target, self.options, self.lexicon)


def given_links(work: Work) -> Int32:
    """The links that came with the record, checked against its sentences."""
    assert work.alignment is not None, "only called where links are given"
    return check_links(np.array(work.alignment.links, np.int64), work.ready_source, work.target)


def attach_links(batch: Sequence[Work]) -> list[Work]:
    """Make jobs of records that came with their links."""
    return [replace(work, job=Job(work.ready_source, work.target, given_links(work))) for work in batch]


class Match:
    """Let a system carry the entities over."""

    def __init__(self, system: System) -> None:
        self.system = system

    def __call__(self, batch: Sequence[Work]) -> list[Projection]:
        return self.system.project([work.job for work in batch if work.job is not None])


def links_only(batch: Sequence[Work]) -> list[Alignment]:
    """The word alignment alone."""
    jobs = [work.job for work in batch if work.job is not None]
    return [Alignment(tuple((int(i), int(j)) for i, j in job.links.tolist())) for job in jobs]


def from_pair(pair: Pair) -> Work:
    """A record of `Engine.project`."""
    return Work(pair.target, pair.source, pair.alignment)
