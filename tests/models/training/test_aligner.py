"""Aligners: the losses against their twins, pairs as arrays, low-rank changes, and a tuning that aligns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

import toy
from naive import training as naive
from spanport_models.lexicon import Lexicon, hash_pairs
from spanport_models.tokenization import TokenizedWords, WordTokenizer
from spanport_models.training import alignment
from spanport_models.training.aligner import TuneOptions, tune_aligner
from spanport_models.training.lexicon import count_lexicon, write_lexicon
from spanport_models.training.lora import add_lora, merge_lora
from spanport_models.training.network import Network
from spanport_models.training.pairs import PairExample, PairStream

pytestmark = pytest.mark.slow


def pairs(count: int = 40) -> list[PairExample]:
    found = []
    for (ours, _), (theirs, _) in zip(toy.sentences(count), toy.sentences(count, other=True), strict=True):
        links = np.arange(len(ours)).repeat(2).reshape(-1, 2).astype(np.int64)
        found.append(PairExample(tuple(ours), tuple(theirs), links))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_losses_of_both_directions(seed: int) -> None:
    draw = np.random.default_rng(seed)
    source, target = draw.normal(0, 1, (3, 5, 4)), draw.normal(0, 1, (3, 6, 4))
    lengths = np.stack([draw.integers(1, 6, 3), draw.integers(1, 7, 3)], axis=1)
    inside = [np.arange(size)[None, :] < lengths[:, side : side + 1] for side, size in ((0, 5), (1, 6))]
    shown = inside[0][:, :, None] & inside[1][:, None, :]
    guide = shown & (draw.uniform(0, 1, shown.shape) > 0.6)
    p, q = alignment.both_ways(*map(torch.from_numpy, (source, target, shown)))
    slow = naive.both_ways(source, target, shown)
    np.testing.assert_allclose(p.numpy(), slow[0], atol=1e-5)
    np.testing.assert_allclose(q.numpy(), slow[1], atol=1e-5)
    sizes = torch.from_numpy(lengths).float()
    so = alignment.self_training(p, q, torch.from_numpy(guide), sizes)
    assert float(so) == pytest.approx(naive.self_training(*slow, guide, lengths), rel=1e-4)
    assert float(alignment.consistency(p, q, sizes)) == pytest.approx(naive.consistency(*slow, lengths), rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_contrast_of_linked_words(seed: int) -> None:
    draw = np.random.default_rng(seed)
    source, target = draw.normal(0, 1, (7, 4)), draw.normal(0, 1, (7, 4))
    names, place = draw.integers(0, 5, (7, 2)), draw.integers(0, 5, (7, 2))
    found = alignment.info_nce(*map(torch.from_numpy, (source, target, names, place)), scale=20.0)
    assert float(found) == pytest.approx(naive.info_nce(source, target, names, place, 20.0), rel=1e-4)


def test_word_means_are_those_of_their_subwords() -> None:
    states = torch.randn(2, 5, 3)
    word = torch.tensor([[-1, 0, 0, 1, -1], [-1, 0, 1, 1, -1]])
    found = alignment.word_means(states, word, torch.tensor([0, 1, 1]), torch.tensor([0, 1, 0]))
    expected = torch.stack([states[0, 1:3].mean(0), states[1, 2:4].mean(0), states[1, 1]])
    torch.testing.assert_close(found, expected)


def test_links_of_words_become_links_of_subwords(base: Path) -> None:
    links = np.array([[0, 0], [2, 2], [1, 3]])
    example = PairExample(("Ana", "visits", "Oslo"), ("Ana", "visita", "Oslo", "."), links)
    stream = PairStream([example], WordTokenizer(base / "tokenizer.json", 64), 100, 1)
    batch = stream.batch(0)
    assert np.argwhere(batch.guide[0]).tolist() == [[1, 1], [2, 4], [3, 3]]
    assert batch.rows.tolist() == [[0, 0, 0], [0, 2, 2], [0, 1, 3]]
    assert (batch.names[0, 0], batch.names[1, 0]) == (batch.names[0, 1], batch.names[1, 1])  # the same word
    assert batch.names[2, 0] != batch.names[2, 1]
    short = PairStream([example], WordTokenizer(base / "tokenizer.json", 4), 100, 1).batch(0)
    assert short.rows.tolist() == [[0, 0, 0]]
    assert set(stream.batch(0).source.ids[0]) <= set(stream.pieces().tolist())


def test_low_rank_changes_start_at_nothing_and_merge_exactly(base: Path, tmp_path: Path) -> None:
    network = Network(base, (), tmp_path, layers=1)
    network.model.eval()
    ids, mask = np.array([[2, 5, 6, 3]]), np.ones((1, 4), np.int64)
    before = network.states(ids, mask)
    names = set(dict(network.model.named_parameters()))
    add_lora(network.model, 4, seed=1)
    torch.testing.assert_close(network.states(ids, mask), before)
    assert {name.rpartition(".")[2] for name in network.trained()} == {"up", "down"}
    with torch.no_grad():
        for weight in network.trained().values():
            weight += 0.05
    changed = network.states(ids, mask)
    merge_lora(network.model)
    torch.testing.assert_close(network.states(ids, mask), changed, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(changed, before)
    assert set(dict(network.model.named_parameters())) == names


@pytest.mark.parametrize("losses", [("so", "co"), ("infonce",), ("tlm",), ("so", "infonce", "tlm", "co")])
def test_every_loss_falls(losses: tuple[str, ...], base: Path, tmp_path: Path) -> None:
    options = TuneOptions(losses=losses, layer=2, epochs=12, rate=3e-3, batch_tokens=200, freeze=-1)  # type: ignore[arg-type]
    _, curves = tune_aligner(base, pairs(), options, tmp_path, lambda line: None)
    curve = [loss for _, loss in curves["aligner"]]
    assert np.mean(curve[-3:]) < np.mean(curve[:3])


@pytest.mark.parametrize("lora", [0, 4])
def test_a_tuned_aligner_finds_the_links(lora: int, base: Path, tmp_path: Path) -> None:
    options = TuneOptions(losses=("infonce",), layer=2, epochs=20, rate=5e-3, batch_tokens=200, lora=lora, freeze=-1)
    network, _ = tune_aligner(base, pairs(), options, tmp_path, lambda line: None)
    network.model.eval()
    batch = PairStream(pairs(20), network.tokenizer, 2000, 1).batch(0)
    states = [network.states(side.ids, side.mask) for side in (batch.source, batch.target)]
    best = torch.nn.functional.normalize(states[0], dim=-1) @ torch.nn.functional.normalize(states[1], dim=-1).mT
    inner = torch.from_numpy(batch.target.word >= 0)
    best = best.masked_fill(~inner[:, None, :], -9).argmax(-1).numpy()
    places = np.argwhere(batch.source.word >= 0)
    right = np.mean([best[b, t] == t for b, t in places])
    assert right > (0.9 if not lora else 0.5)


def test_a_counted_lexicon_holds_what_is_linked(tmp_path: Path) -> None:
    rows = [(one.source, one.target, one.links.tolist()) for one in pairs(60)]
    count = write_lexicon({"spa_Latn": count_lexicon(rows)}, tmp_path / "lexicon.npz")
    lexicon = Lexicon.load(tmp_path / "lexicon.npz")
    scores = dict(zip(lexicon.keys.tolist(), lexicon.scores.tolist(), strict=True))
    key, wrong = hash_pairs("spa_Latn", ["visits", "visits"], ["visita", "deja"]).tolist()
    assert scores[key] > 0.9
    assert wrong not in scores
    assert count == len(scores)
    assert write_lexicon({}, tmp_path / "none.npz") == 0


class Running:
    """A tokenizer whose running text has three subwords for two words that share the second."""

    pad_id, specials = 0, (1, 1)

    def __call__(self, sentences: list[list[str]]) -> list[TokenizedWords]:
        rows = [np.arange(1, len(words) + 3, dtype=np.int32) for words in sentences]
        owners = [np.arange(len(words), dtype=np.int32) for words in sentences]
        return [TokenizedWords(row, own, len(own), 0) for row, own in zip(rows, owners, strict=True)]

    def running(self, sentences: list[list[str]]) -> list[TokenizedWords]:
        shared = np.array([0, 0, 1, 1], np.int32), np.array([0, 1, 1, 2], np.int32)
        return [TokenizedWords(np.arange(1, 6, dtype=np.int32), shared[0], 2, 0, shared[1]) for _ in sentences]


def test_sides_without_spaces_are_read_as_running_text() -> None:
    links = np.array([[0, 0], [1, 1]])
    pair = PairExample(("two", "words"), ("东京", "都"), links, (False, True))
    batch = PairStream([pair], Running(), 100, 0).batch(0)  # type: ignore[arg-type]
    assert batch.source.word.tolist() == [[-1, 0, 1, -1]]
    assert batch.target.word.tolist() == [[-1, 0, 0, 1, -1]]  # a shared subword is the first word's
    assert batch.guide[0].tolist() == [
        [False] * 5, [False, True, True, False, False], [False, False, False, True, False], [False] * 5,
    ]  # fmt: skip
    assert batch.rows[:, 1:].tolist() == links.tolist()
