"""Losses of the joint training against slow twins, and rows, links and labels on sentences of our own."""

import random

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch
from tokenizers import Tokenizer

from mini import encoder
from mini.base import LABELS, tokenizer_json
from mini.labels import IGNORED, NOT_NAMED
from mini.pieces import Pieces
from mini.rows import CAPITAL, NOT_NAMED_ID, UNCASED, Batch, RowMaker, Sampler, batches
from mini.selflabel import label_native, own_links
from mini.sources import Pair, read_uner


@pytest.fixture(scope="module")
def pieces() -> Pieces:
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [
        (piece, -float(k + 1)) for k, piece in enumerate(["▁", "▁Ana", "▁ruiz", "王", "▁王", "东京", *letters])
    ]
    return Pieces(Tokenizer.from_str(tokenizer_json([*vocabulary, ("<mask>", 0.0)])))


def test_tagging_loss_equals_a_loop() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(40, len(LABELS), generator=generator)
    labels = torch.randint(-1, NOT_NAMED_ID + 1, (40,), generator=generator)
    labels[labels == -1] = -100
    total, count = 0.0, 0
    for row, label in zip(logits.softmax(-1).numpy(), labels.tolist(), strict=True):
        if label != -100:
            right = [0, 7, 8] if label == NOT_NAMED_ID else [label]
            total -= np.log(sum(float(row[k]) for k in right))
            count += 1
    assert count > 10
    assert float(encoder.tagging_loss(logits, labels)) == pytest.approx(total / count, rel=1e-5)


def test_alignment_loss_equals_a_loop() -> None:
    generator = np.random.default_rng(4)
    vectors = generator.standard_normal((14, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    links = np.array([(0, 7), (1, 8), (1, 9), (2, 10), (3, 11), (4, 12)])
    names = np.array([0, 1, 2, 3, 1, 5, 6, 7, 8, 9, 7, 11, 12, 13])
    total = []
    for direction in (links, links[:, ::-1]):
        far = sorted(set(direction[:, 1].tolist()))
        terms = []
        for i, j in direction.tolist():
            right = {b for a, b in direction.tolist() if a == i}
            same = {names[b] for b in right}
            rivals = [k for k in far if k not in right and names[k] not in same]
            score = encoder.SCALE * float(vectors[i] @ vectors[j])
            others = [np.exp(encoder.SCALE * float(vectors[i] @ vectors[k])) for k in rivals]
            terms.append(-np.log(np.exp(score) / (np.exp(score) + sum(others))))
        total.append(np.mean(terms))
    loss = encoder.alignment_loss(torch.from_numpy(vectors), links, torch.from_numpy(names))
    assert float(loss) == pytest.approx(float(np.mean(total)), rel=1e-4)


def test_own_links_are_mutual_nearest_neighbours() -> None:
    left = np.array([[1, 0], [0, 1], [0.9, 0.1]], np.float32)
    right = np.array([[0, 1], [1, 0]], np.float32)
    written = np.zeros(3, np.int8), np.zeros(2, np.int8)
    assert own_links(left, right, written).tolist() == [[0, 1], [1, 0]]


def test_own_links_hold_both_words_of_a_name_that_is_one_word_on_the_other_side() -> None:
    """ "the UK", "el Reino Unido"; an article beside the name is none of it, nor is a capital two words off."""
    left = np.array([[0, 1, 0], [1, 0, 0]], np.float32)
    right = np.array([[0.2, 0.1, 0], [1, 0, 0], [0.9, 0.1, 0], [0.1, 0, 0.2], [0.8, 0, 0.2]], np.float32)
    there = np.array([0, CAPITAL], np.int8)
    for how, expected in ((CAPITAL, [[1, 1], [1, 2]]), (UNCASED, [[1, 1], [1, 2]]), (0, [[1, 1]])):
        here = np.array([0, how, how, 0, how], np.int8)
        assert own_links(left, right, (there, here)).tolist() == expected
        assert own_links(right, left, (here, there)).tolist() == [[j, i] for i, j in expected]
    right[2] = [0.7, 0.1, 0]
    for how, expected in ((CAPITAL, [[1, 1], [1, 2]]), (UNCASED, [[1, 1]])):
        here = np.array([0, how, how, 0, how], np.int8)
        assert own_links(left, right, (there, here)).tolist() == expected


def test_rows_keep_words_labels_and_pieces_together(pieces: Pieces) -> None:
    pair = Pair("deu", "t", 1.0, (["Ana", "go"], ["ruiz", "x"]), (["B-PER", "O"], ["B-PER", IGNORED]), [(0, 0)])
    example = RowMaker(pieces)(pair)
    assert example.english is not None
    assert example.english.ids[0] == 0
    assert example.english.ids[-1] == 2
    assert example.english.labels == [1, 0]
    assert example.other.labels == [1, -100]
    batch = Batch([example, RowMaker(pieces)(Pair("dan", "t", 1.0, ([], ["x"]), ([], [NOT_NAMED])))])
    assert batch.ids.shape[0] == 3  # the single sentence has no English row
    assert batch.first.tolist() == [0, 2, 4, 5]
    assert batch.pairs == [([(0, 0)], 0, 1)]
    assert batch.labels.tolist() == [1, 0, 1, -100, NOT_NAMED_ID]
    assert batch.written.tolist() == [CAPITAL, 0, 0, 0, 0]
    for word in range(5):
        row, start = int(batch.word_rows[word]), int(batch.word_starts[word])
        assert batch.mask[row, start : int(batch.word_ends[word])].all()


def test_text_without_spaces_runs_on_and_labels_follow_its_pieces(pieces: Pieces) -> None:
    words = ["王", "东", "京"]
    row = RowMaker(pieces)(Pair("zho", "t", 1.0, ([], words), ([], ["B-PER", "B-LOC", "I-LOC"]))).other
    tokens = [pieces.tokenizer.id_to_token(k) for k in row.ids[1:-1]]
    assert tokens == ["▁王", "东京"]
    assert row.labels == [1, 5]  # the piece of two words has the label of the first
    running = RowMaker(pieces)(Pair("zho", "t", 1.0, texts=("Ana", "王东京"))).other
    assert (running.ids, running.labels) == (row.ids, [-100, -100])


def test_batches_hold_the_budget_and_everything(pieces: Pieces) -> None:
    make = RowMaker(pieces)
    examples = [make(Pair("deu", "t", 1.0, (["a"] * n, ["b"] * n))) for n in (3, 9, 4, 1, 7, 2)]
    found = list(batches(examples, 40))
    assert sorted(id(example) for batch in found for example in batch) == sorted(map(id, examples))
    assert all(len(b) == 1 or 2 * max(e.width() for e in b) * len(b) <= 40 for b in found)


def test_groups_are_drawn_by_their_shares(pieces: Pieces) -> None:
    gold = Pair("spa_Latn", "en2es/deepl", 1.0, (["a"], ["b"]), (["O"], ["O"]))
    pairs = [gold, Pair("dan", "uner/train", 1.0, ([], ["c"]), ([], ["O"]))]
    sampler = Sampler(pairs, pieces, 100, seed=1)
    sampler.shares = {"gold": 1.0}
    drawn = [len(batch.pairs) == batch.ids.shape[0] / 2 for batch, _ in zip(sampler, range(20), strict=False)]
    assert all(drawn)


def test_self_labels_are_the_confident_ones_and_dev_text_has_none(pieces: Pieces) -> None:
    words = (["Ana", "x"], ["ruiz", "y"])
    native = Pair("spa_Latn", "es2en/train", 1.0, words, links=[(0, 0), (1, 1)])
    dev = Pair("spa_Latn", "es2en/dev", 1.0, words, links=[(0, 0)])

    def states(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        logits = torch.zeros(len(batch.labels), len(LABELS))
        logits[0, 1], logits[1, 0] = 9.0, 0.5  # a certain B-PER, then doubt
        return logits, torch.eye(len(batch.labels))

    assert label_native(states, [native, dev], RowMaker(pieces)) == 1
    assert native.labels == (["B-PER", IGNORED], ["B-PER", IGNORED])
    assert dev.labels == ([], [])

    def disputing(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        logits, vectors = states(batch)
        logits[2, 0] = 9.0  # the other side's first word is surely outside, reading its own sentence
        return logits, vectors

    assert label_native(disputing, [native], RowMaker(pieces)) == 1
    assert native.labels == (["B-PER", IGNORED], [IGNORED, IGNORED])


def test_uner_columns(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.iob2").write_text(
        "# text = x\n1\tAna\tB-PER\t-\ta\n2\tla\tO\t-\ta\n3\tRen\tB-OTH\t-\ta\n\n", "utf-8"
    )
    assert read_uner(tmp_path / "a.iob2") == [(["Ana", "la", "Ren"], ["B-PER", NOT_NAMED, IGNORED])]


def test_words_are_masked_and_cut_only_in_training(pieces: Pieces) -> None:
    pair = Pair("deu", "t", 1.0, (["Ana"] * 50, ["ruiz"] * 50))
    plain = RowMaker(pieces)(pair).other
    assert plain.ids == RowMaker(pieces)(pair).other.ids
    drawn = RowMaker(pieces, random.Random(2))(pair).other
    assert drawn.ids != plain.ids
    assert 3 in drawn.ids
