"""The installed command as a process of its own: the bundled models, signals, resume."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SPANPORT = [sys.executable, "-m", "spanport"]
NAMES = ("Lucía Ferrer", "Iván Robles", "Nora Quiroga", "Pablo Zamora", "Irene Llamas")
PLACES = ("Toledo", "Quito", "Cádiz", "Rosario", "Bogotá", "Oviedo")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences enough for some seconds of work, from a small grammar, each different."""
    chance = random.Random(7)
    lines = [
        f"{chance.choice(NAMES)} viajó de {chance.choice(PLACES)} a {chance.choice(PLACES)} con {i} amigos."
        for i in range(1500)
    ]
    path = tmp_path_factory.mktemp("text") / "in.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf8")
    return path


def label(text: Path, out: Path) -> list[str]:
    return [*SPANPORT, "label", str(text), "--lang", "es", "-o", str(out)]


def through(out: Path) -> bool:
    """Whether a job has written all of its output."""
    return out.exists() and out.stat().st_size > 0 and not Path(f"{out}.journal").exists()


def test_demo_and_models_on_the_bundle() -> None:
    ran = subprocess.run([*SPANPORT, "demo", "--lang", "es"], capture_output=True, text=True, check=True)
    assert "Against a reader's marks" in ran.stderr
    assert "Reuters" in ran.stdout
    ran = subprocess.run([*SPANPORT, "models", "verify", "mini"], capture_output=True, text=True, check=True)
    assert ran.stderr.count("intact") == 3


@pytest.mark.slow
def test_the_demo_shows_six_good_examples() -> None:
    ran = subprocess.run([*SPANPORT, "demo"], capture_output=True, text=True, check=True)
    assert "0 missing, 0 wrong" in ran.stderr
    assert "Next: `spanport demo --all`" in ran.stderr
    assert ran.stdout.count("──") >= 6


@pytest.mark.slow
def test_interrupted_and_killed_jobs_resume_to_the_same_bytes(text: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    subprocess.run(label(text, whole), check=True, capture_output=True)
    out = tmp_path / "out.jsonl"
    chance = random.Random(3)
    for kind in (signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen(label(text, out), stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not Path(f"{out}.journal").exists():
            time.sleep(0.01)
        time.sleep(0.2 + 0.8 * chance.random())
        process.send_signal(kind)
        _, err = process.communicate(timeout=60)
        if through(out):  # before the signal came: a process may be killed on its way out
            break
        if kind != signal.SIGKILL:
            assert process.returncode == 130, err
            assert "run the same command again" in err
            assert "Traceback" not in err
            if out.exists():
                assert out.read_bytes() == b"" or out.read_bytes().endswith(b"\n")
                assert all(json.loads(line) for line in out.read_text("utf8").splitlines())
    if not through(out):
        subprocess.run(label(text, out), check=True, capture_output=True)
    assert out.read_bytes() == whole.read_bytes()
    assert not Path(f"{out}.journal").exists()


@pytest.mark.slow
def test_one_model_at_a_time_writes_the_same_bytes(text: Path, tmp_path: Path) -> None:
    together, apart = tmp_path / "all.jsonl", tmp_path / "one.jsonl"
    subprocess.run(label(text, together), check=True, capture_output=True)
    subprocess.run([*label(text, apart), "--resident", "one"], check=True, capture_output=True)
    assert apart.read_bytes() == together.read_bytes()


def test_a_missing_or_corrupted_model_is_a_clear_error(text: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [*label(text, tmp_path / "o.jsonl"), "--bundle", "minni"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 3
    assert "did you mean 'mini'" in ran.stderr
    from spanport_models import find_model

    bundle = tmp_path / "broken"
    for file in sorted(find_model("mini").rglob("*")):
        if file.is_file():
            copy = bundle / file.relative_to(find_model("mini"))
            copy.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, copy) if file.name != "model.bin" else copy.write_bytes(file.read_bytes()[:-100])
    ran = subprocess.run(
        [*label(text, tmp_path / "o.jsonl"), "--bundle", str(bundle)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 3
    assert "model.bin" in ran.stderr
    assert "corrupted or truncated" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_nothing_reaches_for_torch_or_the_network() -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise OSError('no network in this test')\n"
        "socket.socket.connect = socket.create_connection = refuse\n"
        "from spanport import Engine\n"
        "results = list(Engine.from_bundle('mini').label(['Ana vive en Lima.'], lang='es'))\n"
        "assert len(results) == 1 and results[0].source.text\n"
        "assert not {'torch', 'transformers', 'optimum', 'huggingface_hub'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
