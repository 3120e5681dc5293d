"""The steps of a job, each a function from a batch of `Work` to the same batch with one field more.

`api` joins them into streams; they know models only through `ports`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from msgspec.structs import replace

from spanport.encoding.align import align
from spanport.encoding.embed import Embedded, embed_all, parts_of, tokenize
from spanport.encoding.label import label_all
from spanport.errors import RecordError
from spanport.matching.batch import alignment_of, with_links
from spanport.options import AlignOptions, TranslateOptions
from spanport.ports import Encoder, Int32, Lexicon, Translator
from spanport.systems.base import Need, System, run_system
from spanport.types import Alignment, Projection, Sentence
from spanport.words import with_words
from spanport.work import Work
from spanport_models.batching import padded_length

MOST_TOKENS = 512
"""A text of more tokens is rejected: sentence models cut or garble it without a word."""


def split(batch: Sequence[Work]) -> list[Work]:
    """Give every sentence its words, unless it came with them."""
    out = []
    for work in batch:
        source, target = with_words(work.source), with_words(work.target)
        same = source is work.source and target is work.target
        out.append(work if same else replace(work, source=source, target=target))
    return out


class Pieces:
    """Tokenise the target text for the translator."""

    def __init__(self, translator: Translator, language: str, pivot: str) -> None:
        self.translator, self.language, self.pivot = translator, language, pivot

    def __call__(self, batch: Sequence[Work]) -> list[Work]:
        tokens = self.translator.tokenize([w.target.text for w in batch], self.language, self.pivot)
        for pieces in tokens:
            if len(pieces) > MOST_TOKENS:
                raise RecordError(
                    f"the text has {len(pieces)} tokens and the translator takes {MOST_TOKENS}; "
                    "split it into sentences"
                )
        return [replace(work, pieces=tuple(p)) for work, p in zip(batch, tokens, strict=True)]


class Translate:
    """Carry the target text into the pivot language; an empty sentence stays empty.

    Texts of one `key` have one translation, which `merge` gives to each record.
    """

    def __init__(self, translator: Translator, pivot: str, options: TranslateOptions) -> None:
        self.translator, self.pivot, self.options = translator, pivot, options

    def __call__(self, batch: Sequence[Work]) -> list[Sentence]:
        rows = [work.pieces for work in batch if work.target.words]
        found = self.translator.generate(rows, self.pivot, beam_size=self.options.beam_size) if rows else []
        texts = iter([result.text for result in found])
        return [with_words(Sentence(next(texts) if work.target.words else "", self.pivot)) for work in batch]

    @staticmethod
    def key(work: Work) -> Hashable:
        """What the translation depends on."""
        return work.pieces, bool(work.target.words)

    @staticmethod
    def merge(work: Work, source: Sentence) -> Work:
        """The record with its translation."""
        return replace(work, source=source)


class Tokenize:
    """Tokenise the target, and the source where it is needed (``sources``), for the encoder."""

    def __init__(self, encoder: Encoder, *, sources: bool) -> None:
        self.encoder, self.sources = encoder, sources

    def __call__(self, batch: Sequence[Work]) -> list[Work]:
        targets = tokenize(self.encoder, [work.target for work in batch])
        nothing: list[Any] = [None] * len(batch)
        sources = tokenize(self.encoder, [work.source for work in batch]) if self.sources else nothing
        rows = zip(batch, sources, targets, strict=True)
        return [replace(work, source_tokens=source, target_tokens=target) for work, source, target in rows]


class Encode:
    """Forward passes over what is needed: entities of the source, links, the classifier's view of both sides.

    Passes hold sentences of similar lengths, of both sides where these want the same, of at most ``batch_tokens``
    tokens in all. A second encoder that aligns (``aligner``) takes passes of its own.
    """

    def __init__(
        self,
        encoder: Encoder,
        options: AlignOptions,
        lexicon: Lexicon | None,
        needs: frozenset[Need],
        *,
        label_source: bool,
        batch_tokens: int,
        aligner: Encoder | None = None,
    ) -> None:
        self.encoder, self.options, self.lexicon = encoder, options, lexicon
        self.needs, self.label_source, self.batch_tokens = needs, label_source, batch_tokens
        self.aligner = None if aligner is encoder else aligner
        self.subwords = options.level == "subword"

    def __call__(self, batch: Sequence[Work]) -> list[Work]:
        n = len(batch)
        if "links" in self.needs:
            batch = with_links(batch)
        link = "links" in self.needs and any(work.alignment is None for work in batch)
        hidden = link and self.aligner is None
        seen = [
            embed_all(self.encoder, tokens, self.batch_tokens, hidden=hidden, logits=logits, subwords=self.subwords)
            for tokens, logits in self._groups(batch)
        ]
        target, source = seen if len(seen) == 2 else (seen[0].take(0, n), seen[0].take(n, len(seen[0])))
        links = self._links(batch, source, target) if link else [work.links for work in batch]
        sources = [work.source for work in batch]
        read, show = "source" in self.needs, "probabilities" in self.needs
        if self.label_source and read:
            words = [sentence.words for sentence in sources]
            spans = label_all(words, source.probabilities, source.word_offsets, self.encoder.labels)
            sources = [Sentence(s.text, s.language, s.words, own) for s, own in zip(sources, spans, strict=True)]
        return [
            replace(
                work,
                source=sources[i],
                links=links[i],
                probabilities=target.probabilities_of(i) if show else None,
                source_probabilities=source.probabilities_of(i) if show and read else None,
                source_tokens=None,
                target_tokens=None,
            )
            for i, work in enumerate(batch)
        ]

    def spent(self, batch: Sequence[Work]) -> tuple[int, int]:
        """Tokens of a batch, without and with the padding that encoders add."""
        lengths = [len(part.ids) for tokens, _ in self._groups(batch) for part in parts_of(tokens)]
        return sum(lengths), sum(map(padded_length, lengths))

    def _groups(self, batch: Sequence[Work]) -> list[tuple[list[Any], bool]]:
        """What shares passes, and whether its label probabilities are wanted: both sides, or targets and sources.

        Where only the source is labelled, the target is spared the layers above that of the alignment: two thirds
        of a model aligned at its 8th layer of 24.
        """
        targets = [work.target_tokens for work in batch]
        sources = [work.source_tokens for work in batch] if "source" in self.needs else []
        show = "probabilities" in self.needs
        if sources and self.label_source and not show:
            return [(targets, False), (sources, True)]
        return [([*targets, *sources], show or self.label_source)]

    def _links(self, batch: Sequence[Work], source: Embedded, target: Embedded) -> list[Int32]:
        """The links that came with the records; the others aligned."""
        sources, targets = [work.source for work in batch], [work.target for work in batch]
        if self.aligner is not None:
            tokens = tokenize(self.aligner, [*targets, *sources])
            seen = embed_all(self.aligner, tokens, self.batch_tokens, logits=False, subwords=self.subwords)
            target, source = seen.take(0, len(batch)), seen.take(len(batch), len(tokens))
        found = align(sources, targets, source, target, self.options, self.lexicon)
        return [own if work.alignment is None else work.links for work, own in zip(batch, found, strict=True)]


def linked(batch: Sequence[Work]) -> list[Work]:
    """Words of both sides, and the links that came with the records: all that a system over links needs."""
    return with_links(split(batch))


class Match:
    """Let a system carry the entities over."""

    def __init__(self, system: System) -> None:
        self.system = system

    def __call__(self, batch: Sequence[Work]) -> list[Projection]:
        return run_system(self.system, batch)


def links_only(batch: Sequence[Work]) -> list[Alignment]:
    """The word alignment alone."""
    return [alignment_of(work.links) for work in batch]
