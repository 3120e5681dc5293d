"""Word alignment of sentence pairs from their word vectors, a lexicon and string similarity."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from spanport.encoding.embed import Embedded
from spanport.errors import UsageError
from spanport.options import AlignOptions
from spanport.ports import Float32, Int32, Lexicon, UInt64
from spanport.ragged import offsets_of
from spanport.types import Sentence

ENGLISH = "eng_Latn"


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
    m, n = offsets_of([len(w) for w in source_words]), offsets_of([len(w) for w in target_words])
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
    return [edges[offsets[i] : offsets[i + 1]] for i in range(len(sources))]
