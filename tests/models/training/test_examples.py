"""Batches: every example once an epoch, the same ones for the same step, words that are cut off left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import toy
from spanport_models.encoder import Encoder
from spanport_models.tokenization import WordTokenizer
from spanport_models.training.examples import Example, Stream, hard, read_examples, taught, unlabelled, write_examples

pytestmark = pytest.mark.slow


def examples(count: int = 40) -> list[Example]:
    place = {label: i for i, label in enumerate(toy.LABELS)}
    return [hard(words, [place[tag] for tag in tags], 5, domain=1) for words, tags in toy.sentences(count)]


@pytest.fixture
def tokenizer(base: Path) -> WordTokenizer:
    return WordTokenizer(base / "tokenizer.json", 64)


def test_an_epoch_has_every_example_once_within_the_budget(tokenizer: WordTokenizer) -> None:
    stream = Stream(examples(), tokenizer, 60, seed=1)
    seen = [stream.batch(step) for step in range(stream.per_epoch)]
    assert sorted(np.concatenate([batch.numbers for batch in seen]).tolist()) == list(range(40))
    assert all(batch.ids.size <= 60 for batch in seen)
    assert sum(batch.ids.size for batch in seen) < 1.2 * stream.tokens
    assert [len(batch.numbers) for batch in seen] != sorted(len(batch.numbers) for batch in seen)


def test_a_step_has_its_batch_whatever_came_before(tokenizer: WordTokenizer) -> None:
    one, other = (Stream(examples(), tokenizer, 60, seed=1) for _ in range(2))
    for step in (25, 3, 26):
        np.testing.assert_array_equal(one.batch(step).ids, other.batch(step).ids)
    later = Stream(examples(), tokenizer, 60, seed=2).batch(3)
    assert later.ids.shape != one.batch(3).ids.shape or (later.ids != one.batch(3).ids).any()


def test_words_meet_their_first_subword(tokenizer: WordTokenizer) -> None:
    stream = Stream(examples(6), tokenizer, 1000, seed=1)
    batch = stream.batch(0)
    vocabulary = tokenizer._tokenizer
    flat = batch.ids.ravel()[batch.first]
    expected = [vocabulary.token_to_id(word) for i in batch.numbers for word in stream.examples[i].words]
    assert flat.tolist() == expected
    tags = batch.targets.argmax(axis=1)
    assert [toy.LABELS[tag] for tag in tags[:4]] == [
        toy.LABELS[tag] for tag in stream.examples[batch.numbers[0]].targets.argmax(axis=1)[:4]
    ]
    assert (batch.mask.sum(axis=1) == np.bincount(batch.row) + 2).all()
    assert batch.domain.tolist() == [1] * 6


def test_what_does_not_fit_is_not_taught(base: Path) -> None:
    stream = Stream(examples(3), WordTokenizer(base / "tokenizer.json", 5), 1000, seed=1)
    assert stream.words_of(0).tolist() == [0, 1, 2]
    assert len(stream.batch(0).first) == 9


def test_words_without_spaces_are_read_as_the_bundle_reads_them(encoder_bundle: Path) -> None:
    bundle = Encoder(encoder_bundle)
    words = ["東京", "は", "大きい"]
    for unspaced, language in ((True, "jpn_Jpan"), (False, "eng_Latn")):
        (item,) = bundle.tokenize([words], language=language)
        tokenizer = WordTokenizer(encoder_bundle / "tokenizer.json", 34)
        batch = Stream([unlabelled(words, 5, unspaced=unspaced), *examples(1)], tokenizer, 1000, 1).collate(
            np.array([0])
        )
        assert batch.ids[0].tolist() == item.ids.tolist()
        assert len(batch.first) == 3
    rows = [Stream([unlabelled(words, 5, unspaced=own)], tokenizer, 1000, 1).batch(0) for own in (True, False)]
    assert rows[0].ids.tolist() != rows[1].ids.tolist()


def test_examples_survive_a_file(tmp_path: Path) -> None:
    given = [*examples(3), unlabelled(["é", "x"], 5, unspaced=True)]
    given[1] = taught(given[1], np.full((len(given[1].words), 5), 0.2, np.float32))
    write_examples(tmp_path / "some.npz", given)
    found = read_examples(tmp_path / "some.npz")
    assert [one.words for one in found] == [one.words for one in given]
    for one, other in zip(found, given, strict=True):
        np.testing.assert_array_equal(one.targets, other.targets)
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_array_equal(one.known, other.known)
        assert (one.domain, one.unspaced) == (other.domain, other.unspaced)
    write_examples(tmp_path / "none.npz", [])
    assert read_examples(tmp_path / "none.npz") == []
