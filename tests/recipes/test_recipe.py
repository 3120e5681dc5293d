"""The whole recipe in its smoke version, and the training loop."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

from mini import loop
from mini.__main__ import main
from mini.embeddings import initial_embeddings, link_counts, toward_translations
from mini.pieces import Pieces
from mini.sources import Pair
from mini.vocabulary import nllb_tokenizer, train_pieces

DATA = os.environ.get("SPANPORT_DATA")


def test_learning_rate_warms_up_and_ends_on_the_floor() -> None:
    assert loop.learning_rate(1.0, 0, 0.0) == pytest.approx(1 / loop.WARMUP_STEPS)
    assert loop.learning_rate(1.0, 10_000, 0.0) == pytest.approx(1.0)
    assert loop.learning_rate(1.0, 10_000, 1.0) == pytest.approx(loop.FLOOR)
    rates = [loop.learning_rate(1.0, 10_000, share / 10) for share in range(11)]
    assert rates == sorted(rates, reverse=True)


def test_deadline_by_minutes_and_by_clock() -> None:
    assert 0 < loop.deadline(1, None) - loop.deadline(0, None) <= 60.1
    assert loop.deadline(None, "00:00") > loop.deadline(0, None)


def test_training_resumes_where_it_stopped(tmp_path: Path) -> None:
    def run(seconds: float) -> loop.Loop:
        torch.manual_seed(1)
        model = torch.nn.Linear(3, 1)
        training = loop.Loop(model, 0.01, loop.deadline(1, None), tmp_path / "model.pt")
        training.end = loop.deadline(seconds / 60, None)

        def step(progress: float):  # type: ignore[no-untyped-def]
            assert 0 <= progress <= 1
            loss = (model(torch.ones(4, 3)) - 2).square().mean()
            return loss, 4, {"loss": float(loss.detach())}

        training.run(step)
        return training

    first = run(1.0)
    assert first.step > 3
    state = torch.load(tmp_path / "model.pt", weights_only=True)
    second = loop.Loop(torch.nn.Linear(3, 1), 0.01, loop.deadline(0.1, None), tmp_path / "model.pt")
    assert (second.step, second.tokens) == (first.step, first.tokens)
    assert torch.equal(second.model.weight, state["model"]["weight"])
    fresh = loop.Loop(torch.nn.Linear(3, 1), 0.01, loop.deadline(0.1, None), tmp_path / "model.pt", resume=False)
    assert fresh.step == 0


def test_cycles_share_the_time_and_the_first_takes_half() -> None:
    now = time.time()
    ends = loop.cycle_ends(now + 100, 3)
    assert np.allclose(np.array(ends) - now, [50, 75, 100], atol=1)
    assert np.allclose(np.array(loop.cycle_ends(now + 100, 1)) - now, [100], atol=1)


def test_a_new_cycle_starts_at_the_end_of_the_last_and_the_last_three_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"

    def cycle(value: float) -> loop.Loop:
        training = loop.Loop(torch.nn.Linear(1, 1), 0.01, 0.0, path)
        with torch.no_grad():
            training.model.weight.fill_(value)
        training.start, training.end = 0.0, 1.0
        training.checkpoint()
        return training

    cycle(1.0)
    assert cycle(2.0).earlier[0]["weight"].item() == 1.0
    assert loop.trained_weights(path)["weight"].item() == pytest.approx(1.5)
    third = loop.Loop(torch.nn.Linear(1, 1), 0.01, loop.deadline(1, None), path)
    assert third.model.weight.item() == pytest.approx(2.0)
    assert third.progress() == pytest.approx(0.3, abs=0.01)
    for value in range(3, 9):
        cycle(float(value))
    assert [one["weight"].item() for one in torch.load(path, weights_only=True)["earlier"]] == [6, 7]
    assert loop.trained_weights(path)["weight"].item() == pytest.approx(7)


def test_a_stop_signal_saves_and_ends_the_program(tmp_path: Path) -> None:
    model = torch.nn.Linear(1, 1)
    training = loop.Loop(model, 0.01, loop.deadline(1, None), tmp_path / "model.pt")

    def step(progress: float):  # type: ignore[no-untyped-def]
        os.kill(os.getpid(), signal.SIGTERM)
        return model(torch.ones(1, 1)).sum(), 1, {}

    with pytest.raises(SystemExit, match="goes on from"):
        training.run(step)
    assert torch.load(tmp_path / "model.pt", weights_only=True)["step"] == 1


def test_initial_embeddings_put_pieces_that_meet_close_together() -> None:
    generator = np.random.default_rng(0)
    rows = []
    for _ in range(600):
        concepts = generator.choice(20, 5, replace=False)
        rows.append(([*(4 + concepts)], [*(24 + concepts)]))
    vectors = initial_embeddings(rows, 50, 64)
    assert vectors.shape == (50, 64)
    assert vectors.dtype == np.float32
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = unit[4:24] @ unit[24:44].T
    assert (similarity.argmax(axis=1) == np.arange(20)).mean() > 0.9
    assert math.isclose(float(vectors.std()), 0.03, rel_tol=0.2)


def test_pieces_move_towards_their_translations_and_names_stay() -> None:
    lines = ["the red house of Oslo", "das rote Haus von Oslo", "the red door", "die rote Tür"]
    cutter = Pieces(nllb_tokenizer(train_pieces(lines * 30, size=400)))
    words = (lines[0].split(), lines[1].split())
    pairs = [Pair("deu_Latn", "test", 1.0, words, links=[(k, k) for k in range(5)])] * 3
    size = cutter.tokenizer.get_vocab_size()
    counts, seen = link_counts(pairs, cutter, size)
    assert seen[0, cutter.word("house")].min() >= 3
    vectors = np.random.default_rng(1).standard_normal((size, 32)).astype(np.float32)
    moved = toward_translations(vectors, counts, seen, share=0.45)
    changed = np.flatnonzero((moved != vectors).any(axis=1))
    assert set(changed) <= {piece for word in words[1] for piece in cutter.word(word)}
    assert not set(changed) & {piece for word in words[0] for piece in cutter.word(word)}
    for piece in changed:
        best = counts.getrow(piece)
        target = vectors[best.indices[best.data.argmax()]]
        assert np.linalg.norm(moved[piece] - target) < np.linalg.norm(vectors[piece] - target)
    assert len(changed) > 0


def test_command_line_refuses_what_it_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["all", "--data", str(tmp_path)], "all needs --work DIR and --out DIR"),
        (["figures", "--data", str(tmp_path)], "figures needs --bundle DIR"),
        (["corpus", "--data", str(tmp_path / "no"), "--work", str(tmp_path)], "is not a folder"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(DATA is None, reason="SPANPORT_DATA does not name the research data")
def test_smoke_run_makes_a_bundle_that_translates_and_labels(tmp_path: Path) -> None:
    from spanport_models.bundle import verify_bundle
    from spanport_models.encoder import Encoder
    from spanport_models.translator import Translator

    out = tmp_path / "mini"
    # In a process of its own, for training changes how floats are computed.
    command = ["mini", "all", "--data", str(DATA), "--work", str(tmp_path / "work"), "--out", str(out), "--smoke"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-m", *command], check=True, env=environment)
    verify_bundle(out)
    encoded = Encoder(out / "encoder").encode([["Inés", "vive", "en", "Lugo", "."], []])
    assert encoded.word_probabilities.shape == (5, 9)
    np.testing.assert_allclose(encoded.word_probabilities.sum(axis=1), 1, atol=1e-5)
    assert encoded.hidden.shape[1] == 384
    translation = Translator(out / "translator").translate(["Inés vive en Lugo."], "spa_Latn", "eng_Latn")[0]
    assert translation.text
    assert all(path.stat().st_size < 65_000_000 for path in out.rglob("*") if path.is_file())
