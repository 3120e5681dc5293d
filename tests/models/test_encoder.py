from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_models as tiny
from spanport_models import Encoded, Encoder

SENTENCES = tiny.SENTENCES
OF_ALL_LENGTHS = [(SENTENCES[0] * 9)[:n] for n in range(1, 60, 3)] + SENTENCES


@pytest.fixture(scope="module")
def encoder(encoder_bundle: Path) -> Encoder:
    return Encoder(encoder_bundle, device="cpu")


@pytest.fixture(scope="module")
def pytorch(recorded: Path) -> dict[str, Any]:
    """What PyTorch says of each sentence alone; see ``record.py``."""
    return dict(np.load(recorded / "encoder.npz"))


def naive(pytorch: dict[str, Any], encoder: Encoder, i: int) -> tuple[Any, Any]:
    """States of the real subwords of a sentence and label probabilities of its words, those of its first subwords."""
    (item,) = encoder.tokenize([SENTENCES[i]])
    probabilities = np.zeros((len(SENTENCES[i]), len(encoder.labels)), dtype=np.float32)
    probabilities[:, 0] = 1.0
    for word in range(len(SENTENCES[i])):
        subwords = np.flatnonzero(item.word_of_subword == word)
        if len(subwords):
            probabilities[word] = pytorch[f"probabilities_{i}"][subwords[0]]
    return pytorch[f"states_{i}"], probabilities


def parts(encoded: Encoded, i: int) -> tuple[Any, Any, Any]:
    subwords = slice(encoded.subword_offsets[i], encoded.subword_offsets[i + 1])
    words = slice(encoded.word_offsets[i], encoded.word_offsets[i + 1])
    return encoded.hidden[subwords], encoded.word_of_subword[subwords], encoded.word_probabilities[words]


@pytest.mark.parametrize("batch_tokens", [1, 40, 4000])
def test_batches_equal_pytorch_sentence_by_sentence(
    encoder: Encoder, pytorch: dict[str, Any], batch_tokens: int
) -> None:
    encoded = encoder.encode(SENTENCES, batch_tokens=batch_tokens)
    assert len(encoded.subword_offsets) == len(encoded.word_offsets) == len(SENTENCES) + 1
    for i in range(len(SENTENCES)):
        states, probabilities = naive(pytorch, encoder, i)
        hidden, _, actual = parts(encoded, i)
        np.testing.assert_allclose(hidden, states, atol=1e-4)
        np.testing.assert_allclose(actual, probabilities, atol=1e-4)
    assert encoded.hidden.dtype == encoded.word_probabilities.dtype == np.float32


def test_a_label_is_read_at_the_first_subword_of_its_word(encoder: Encoder, pytorch: dict[str, Any]) -> None:
    """Where the last one says something else; most words of the sample have several."""
    told_apart = 0
    for i, item in enumerate(encoder.tokenize(SENTENCES)):
        for word in set(item.word_of_subword.tolist()):
            subwords = np.flatnonzero(item.word_of_subword == word)
            best = pytorch[f"probabilities_{i}"][subwords].argmax(axis=1)
            if best[0] != best[-1]:
                found = encoder.run([item]).word_probabilities[word]
                assert found.argmax() == best[0]
                told_apart += 1
    assert told_apart > 5


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(0, len(OF_ALL_LENGTHS) - 1), min_size=1, max_size=20), st.sampled_from([None, 1, 70, 300])
)
def test_a_sentence_gets_the_same_in_every_batch(
    int8_encoder_bundle: Path, rows: list[int], batch_tokens: int | None
) -> None:
    encoder, alone = in_int8(int8_encoder_bundle)
    encoded = encoder.run(encoder.tokenize([OF_ALL_LENGTHS[i] for i in rows]), batch_tokens=batch_tokens)
    for place, i in enumerate(rows):
        for actual, expected in zip(parts(encoded, place), parts(alone[i], 0), strict=True):
            np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)
        best = parts(encoded, place)[2].argmax(axis=1)
        np.testing.assert_array_equal(best, parts(alone[i], 0)[2].argmax(axis=1))


@pytest.mark.parametrize("batch_tokens", [1, 64, 400])
def test_passes_keep_to_their_budget(encoder: Encoder, monkeypatch: pytest.MonkeyPatch, batch_tokens: int) -> None:
    shapes: list[tuple[int, int]] = []
    run = encoder.runtime.run

    def watched(ids: Any, mask: Any, **wanted: bool) -> Any:
        shapes.append(ids.shape)
        return run(ids, mask, **wanted)

    monkeypatch.setattr(encoder, "runtime", SimpleNamespace(run=watched))
    encoder.encode(OF_ALL_LENGTHS, batch_tokens=batch_tokens)
    assert sum(rows for rows, _ in shapes) == len(OF_ALL_LENGTHS)
    assert all(rows == 1 or rows * width <= batch_tokens for rows, width in shapes)
    assert (max(rows for rows, _ in shapes) > 1) == (batch_tokens > 1)


@cache
def in_int8(bundle: Path) -> tuple[Encoder, list[Encoded]]:
    """An encoder, and what it says of each sentence alone."""
    encoder = Encoder(bundle, device="cpu")
    return encoder, [encoder.run([item]) for item in encoder.tokenize(OF_ALL_LENGTHS)]


def test_what_is_cut_off_is_outside(encoder: Encoder) -> None:
    words = ["Oliveira"] * 60
    (item,) = encoder.tokenize([words])
    assert item.truncated_words > 0
    encoded = encoder.run([item])
    cut = encoded.word_probabilities[-item.truncated_words :]
    assert cut[:, encoder.labels.index("O")].tolist() == [1.0] * item.truncated_words
    assert len(encoded.word_probabilities) == 60


def test_outputs_that_are_not_wanted_are_empty_and_change_nothing(encoder: Encoder) -> None:
    full = encoder.encode(SENTENCES)
    only_hidden = encoder.encode(SENTENCES, logits=False)
    only_labels = encoder.encode(SENTENCES, hidden=False)
    np.testing.assert_array_equal(only_hidden.hidden, full.hidden)
    np.testing.assert_array_equal(only_labels.word_probabilities, full.word_probabilities)
    assert only_hidden.word_probabilities.shape == (len(full.word_probabilities), 0)
    assert only_labels.hidden.shape == (len(full.hidden), 0)


def test_no_sentences_at_all(encoder: Encoder) -> None:
    encoded = encoder.encode([])
    assert encoded.hidden.shape == (0, encoder.hidden_size)
    assert encoded.word_offsets.tolist() == [0]


def test_threads_share_one_encoder(encoder: Encoder) -> None:
    expected = encoder.encode(SENTENCES).hidden
    with ThreadPoolExecutor(4) as pool:
        for hidden in pool.map(lambda _: encoder.encode(SENTENCES).hidden, range(12)):
            np.testing.assert_array_equal(hidden, expected)


def test_words_of_one_subword_share_its_state_and_go_on_with_its_label(encoder: Encoder) -> None:
    (item,) = encoder.tokenize([["東", "京", "は", "大", "き", "い"]], language="jpn_Jpan")
    shared = replace(item, word_of_subword=np.array([0, 1, 2], np.int32), subwords=np.array([0, 0, 1], np.int32))
    encoded = encoder.run([shared])
    np.testing.assert_array_equal(encoded.hidden[0], encoded.hidden[1])
    first, second = encoded.word_probabilities[:2]
    for kind in ("PER", "LOC"):
        begin, inside = (encoder.labels.index(f"{prefix}-{kind}") for prefix in "BI")
        assert second[begin] == 0
        assert second[inside] == pytest.approx(first[begin] + first[inside])
    assert second[0] == pytest.approx(first[0])
    assert encoder.tokenize([["東", "京"]], language="deu_Latn")[0].subwords is None
