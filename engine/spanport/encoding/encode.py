"""What an encoder says of sentence pairs: entities of the source, word links, the classifier's view of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from spanport.encoding.embed import Embedded, embed, tokenize
from spanport.encoding.label import label_all
from spanport.errors import UsageError
from spanport.options import AlignOptions
from spanport.ports import Encoder, Float32, Int32, Int64, Lexicon, UInt64
from spanport.types import Sentence
from spanport.work import Work, with_links

ENGLISH = "eng_Latn"


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
        needs: frozenset[str],
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
        n, nothing = len(batch), [None] * len(batch)
        if "links" in self.needs:
            batch = with_links(batch)
        link = "links" in self.needs and None in [work.alignment for work in batch]
        hidden = link and self.aligner is None
        seen = [
            self._embed(self.encoder, tokens, hidden=hidden, logits=logits) for tokens, logits in self._groups(batch)
        ]
        target, source = seen if len(seen) == 2 else (seen[0].take(0, n), seen[0].take(n, len(seen[0])))
        links = self._links(batch, source, target) if link else [work.links for work in batch]
        sources = [work.source for work in batch]
        read, show = "source" in self.needs, "probabilities" in self.needs
        if self.label_source and read:
            words = [sentence.words for sentence in sources]
            spans = label_all(words, source.probabilities, source.word_offsets, self.encoder.labels)
            sources = [Sentence(s.text, s.language, s.words, own) for s, own in zip(sources, spans, strict=True)]
        seen_targets = _cut(target.probabilities, target.word_offsets) if show else nothing
        seen_sources = _cut(source.probabilities, source.word_offsets) if show and read else nothing
        rows = zip(batch, sources, links, seen_targets, seen_sources, strict=True)
        return [
            replace(
                work, source=sentence, links=own, probabilities=here, source_probabilities=there,
                source_tokens=None, target_tokens=None,
            )
            for work, sentence, own, here, there in rows
        ]  # fmt: skip

    def _embed(self, encoder: Encoder, tokens: Sequence[Any], *, logits: bool, hidden: bool = True) -> Embedded:
        return embed(
            encoder, tokens,
            hidden=hidden, logits=logits, subwords=self.subwords, batch_tokens=self.batch_tokens,
        )  # fmt: skip

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
            seen = self._embed(self.aligner, tokens, logits=False)
            target, source = seen.take(0, len(batch)), seen.take(len(batch), len(tokens))
        found = align(sources, targets, source, target, self.options, self.lexicon)
        return [own if work.alignment is None else work.links for work, own in zip(batch, found, strict=True)]


def word_similarity(
    sources: Sequence[Sentence], targets: Sequence[Sentence], options: AlignOptions, lexicon: Lexicon | None
) -> Float32 | None:
    """What the words themselves say: lexicon and string similarity by their weights, ragged m x n a pair.

    None where both weights are 0.
    """
    mixture = options.mixture
    use_lexicon = mixture.lexicon != 0.0 and lexicon is not None
    if not mixture.lexical and not use_lexicon:
        return None
    source_words, target_words = [s.word_texts() for s in sources], [t.word_texts() for t in targets]
    m, n = np.cumsum([0, *map(len, source_words)]), np.cumsum([0, *map(len, target_words)])
    if mixture.lexical:
        from spanport_kernels.lexical import lexical_similarity

        flat_source, flat_target = [w for s in source_words for w in s], [w for t in target_words for w in t]
        total = lexical_similarity(flat_source, m, flat_target, n)
        total *= np.float32(mixture.lexical)
    else:
        total = np.zeros(int((np.diff(m) * np.diff(n)).sum()), np.float32)
    if use_lexicon and lexicon is not None:
        from spanport_kernels.lookup import NEITHER, SOURCE, TARGET, Table, add_lexicon

        english = [
            SOURCE if s.language == ENGLISH else TARGET if t.language == ENGLISH else NEITHER
            for s, t in zip(sources, targets, strict=True)
        ]
        add_lexicon(
            total,
            Table(lexicon.keys, lexicon.scores, lexicon.starts, lexicon.marks),
            _hashes(lexicon, sources, source_words),
            m,
            _hashes(lexicon, targets, target_words),
            n,
            english,
            mixture.lexicon,
        )
    return total


def _hashes(lexicon: Lexicon, sentences: Sequence[Sentence], words: Sequence[list[str]]) -> UInt64:
    """Hashes of the words of all sentences, each in its language, uint64 (W, 2)."""
    parts = [np.empty((0, 2), np.uint64)]
    for language, here in groupby(zip(sentences, words, strict=True), key=lambda item: item[0].language):
        parts.append(lexicon.hashes(language, [word for _, own in here for word in own]))
    return np.concatenate(parts)


def align(
    sources: Sequence[Sentence],
    targets: Sequence[Sentence],
    source_vectors: Embedded,
    target_vectors: Embedded,
    options: AlignOptions,
    lexicon: Lexicon | None = None,
) -> list[Int32]:
    """Links of each pair, int32 (E, 2) sorted row-major.

    The vectors are those of the same sentences, in the same order. See `AlignOptions` for what is mixed and how
    links are extracted (SimAlign, Jalili Sabet et al. 2020; AWESOME, Dou and Neubig 2021). Raises UsageError when
    subwords are to be aligned by what only words have.
    """
    from spanport_kernels.extract import align as align_batch
    from spanport_kernels.words import subword_to_word

    mixture = options.mixture
    by_subwords = options.level == "subword"
    if by_subwords and (mixture.lexical or mixture.lexicon):
        raise UsageError(
            "lexicon and string similarity compare words; align at word level, or set their weights to 0"
        )
    edges, offsets = align_batch(
        source_vectors.vectors,
        source_vectors.offsets,
        target_vectors.vectors,
        target_vectors.offsets,
        options.extraction,
        metric=options.metric,
        weight=mixture.neural,
        lexical=word_similarity(sources, targets, options, lexicon),
        position=mixture.position,
        distortion=options.distortion,
        scale=mixture.scale,
        threshold=options.threshold,
    )
    if by_subwords:
        edges, offsets = subword_to_word(
            edges,
            offsets,
            source_vectors.word_of,
            source_vectors.offsets,
            target_vectors.word_of,
            target_vectors.offsets,
        )
    return _cut(edges, offsets)


def _cut(values: npt.NDArray[Any], offsets: Int64) -> list[npt.NDArray[Any]]:
    """The values of each item, without copying."""
    return [values[first:last] for first, last in pairwise(offsets.tolist())]
