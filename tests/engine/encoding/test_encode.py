"""Embedding and alignment: pooled words, subwords, published presets, a second encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from fakes import Encoded, FakeEncoder, FakeModels, Tokens
from spanport.api import Engine
from spanport.encoding.embed import Chunks, embed, tokenize
from spanport.encoding.encode import align
from spanport.errors import UsageError
from spanport.options import ALIGNERS, AlignOptions, Mixture
from spanport.types import Sentence
from spanport.words import with_words


class TwoPieces(FakeEncoder):
    """Every character of a word is a subword with a vector of its own: a axis 0, b axis 1, ..."""

    def run(
        self, batch: Sequence[Tokens], *, hidden: bool = True, logits: bool = True, batch_tokens: int | None = None
    ) -> Encoded:
        counts = [len(word) for tokens in batch for word in tokens.words]
        letters = [letter for tokens in batch for word in tokens.words for letter in word]
        states = np.eye(26, dtype=np.float32)[[ord(letter) - ord("a") for letter in letters]]
        words = [len(tokens.words) for tokens in batch]
        pieces = [sum(map(len, tokens.words)) for tokens in batch]
        owners = [i for tokens in batch for i, word in enumerate(tokens.words) for _ in word]
        return Encoded(
            states,
            np.concatenate([[0], np.cumsum(pieces)]).astype(np.int64),
            np.array(owners, np.int32),
            np.full((len(counts), 1), 1.0, np.float32),
            np.concatenate([[0], np.cumsum(words)]).astype(np.int64),
        )


def sentences(*texts: str) -> list[Sentence]:
    return [with_words(Sentence(text)) for text in texts]


def links(source: str, target: str, options: AlignOptions) -> list[list[int]]:
    encoder = TwoPieces()
    both = embed(encoder, tokenize(encoder, sentences(source, target)), subwords=options.level == "subword")
    (found,) = align(sentences(source), sentences(target), both.take(0, 1), both.take(1, 2), options)
    return [[int(i), int(j)] for i, j in found]


def test_words_are_the_mean_of_their_subwords_and_subwords_align_words() -> None:
    encoder = TwoPieces()
    pooled = embed(encoder, encoder.tokenize([["ab", "c"]]))
    assert pooled.vectors[0, :3].tolist() == [0.5, 0.5, 0.0]
    assert pooled.offsets.tolist() == [0, 2]
    pieces = embed(encoder, encoder.tokenize([["ab", "c"]]), subwords=True)
    assert pieces.word_of.tolist() == [0, 0, 1]
    assert pieces.offsets.tolist() == [0, 3]
    assert pieces.word_offsets.tolist() == [0, 2]
    # "ab" faces "a" and "b": as words one of them wins, as subwords each finds its half.
    plain = Mixture(scale=1.0)
    word = AlignOptions(extraction="intersection", mixture=plain)
    subword = AlignOptions(extraction="intersection", mixture=plain, level="subword")
    assert links("ab c", "a b c", word) == [[0, 0], [1, 2]]
    assert links("ab c", "a b c", subword) == [[0, 0], [0, 1], [1, 2]]


@pytest.mark.parametrize("name", [name for name in ALIGNERS if name != "transalign"])
def test_published_presets_align_by_subwords(name: str) -> None:
    # One-hot states: a dot product of 1 is too flat for softmax's .001, which then links everything.
    found = links("ab c", "c ab", ALIGNERS[name])
    assert {(0, 1), (1, 0)} <= {tuple(link) for link in found}
    assert (len(found) == 2) == (name not in {"awesome", "awesome-entmax"})


def test_subwords_have_no_lexicon() -> None:
    with pytest.raises(UsageError, match="word level"):
        links("ab", "ab", AlignOptions(level="subword", mixture=Mixture(lexical=1.0)))


def test_no_sentence_is_an_empty_batch() -> None:
    assert embed(FakeEncoder(), []).offsets.tolist() == [0]


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("hidden", [True, False])
def test_a_sentence_past_the_encoder_s_length_is_seen_in_chunks(most: int, hidden: bool) -> None:
    rows = [with_words(Sentence(text)) for text in ("a b c d e f", "g", "", "h i j")]
    whole, cut = (FakeEncoder(max_words=limit) for limit in (512, most))
    once = embed(whole, tokenize(whole, rows), hidden=hidden)
    pieces = embed(cut, tokenize(cut, rows), hidden=hidden)
    assert any(isinstance(tokens, Chunks) for tokens in tokenize(cut, rows))
    for name in ("vectors", "offsets", "word_of", "probabilities", "word_offsets"):
        np.testing.assert_array_equal(getattr(once, name), getattr(pieces, name))


def test_a_second_encoder_aligns_in_place_of_the_first() -> None:
    from spanport.types import Pair

    first, second = FakeEncoder(), FakeEncoder(concepts={"dog": "hund"})
    pair = [Pair(Sentence("dog here"), Sentence("hund here"))]
    models = FakeModels(first, fake_aligner=second)
    intersection = AlignOptions(extraction="intersection")
    assert [list(found) for found in Engine(models, align=intersection).align(pair)] == [[(0, 0), (1, 1)]]
    assert second.calls == 1
    only_first = AlignOptions(extraction="intersection", model="encoder")
    list(Engine(models, align=only_first).align(pair))
    assert second.calls == 1
    with pytest.raises(UsageError, match="no second encoder"):
        list(Engine(FakeModels(first), align="transalign").align(pair))
    with pytest.raises(UsageError, match=r"unknown aligner 'simaling'; there are hybrid, simalign-argmax"):
        Engine(models, align="simaling")
