"""Word alignment of sentence pairs from their word vectors, a lexicon and string similarity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spanport.errors import UsageError
from spanport.options import AlignOptions
from spanport.ports import Float32, Int32, Lexicon
from spanport.stages.batch import offsets_of
from spanport.stages.embed import Embedded
from spanport.types import Sentence

ENGLISH = "eng_Latn"


def _associations(lexicon: Lexicon, source: Sentence, target: Sentence) -> Float32 | None:
    """Lexicon scores, float32 (source words, target words); None for a pair of languages it does not hold."""
    if source.language == ENGLISH:
        return lexicon.scores(target.language, source.word_texts(), target.word_texts())
    if target.language == ENGLISH:
        return lexicon.scores(source.language, target.word_texts(), source.word_texts()).T
    return None


def word_similarity(
    sources: Sequence[Sentence], targets: Sequence[Sentence], options: AlignOptions, lexicon: Lexicon | None
) -> Float32 | None:
    """What the words themselves say: lexicon and string similarity by their weights, ragged m x n a pair.

    None where both weights are 0.
    """
    from spanport_kernels.lexical import lexical_similarity

    mixture = options.mixture
    use_lexicon = mixture.lexicon != 0.0 and lexicon is not None
    if not mixture.lexical and not use_lexicon:
        return None
    source_words, target_words = [s.word_texts() for s in sources], [t.word_texts() for t in targets]
    m, n = offsets_of([len(w) for w in source_words]), offsets_of([len(w) for w in target_words])
    if mixture.lexical:
        flat_source, flat_target = [w for s in source_words for w in s], [w for t in target_words for w in t]
        total = lexical_similarity(flat_source, m, flat_target, n)
        total *= np.float32(mixture.lexical)
    else:
        total = np.zeros(int((np.diff(m) * np.diff(n)).sum()), np.float32)
    if use_lexicon and lexicon is not None:
        at = 0
        for source, target in zip(sources, targets, strict=True):
            size = len(source.words) * len(target.words)
            found = _associations(lexicon, source, target) if size else None
            if found is not None:
                total[at : at + size] += np.float32(mixture.lexicon) * found.ravel()
            at += size
    return total


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
