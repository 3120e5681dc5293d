"""A job in a process of its own, killed, interrupted or cut off at any moment, ends with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import killed_job

SCRIPT = Path(killed_job.__file__)
COUNT = 1500


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("killed") / "numbers.txt"
    path.write_text("".join(f"{i}\n" for i in range(COUNT)))
    return path


@pytest.fixture(scope="module")
def whole(source: Path) -> tuple[bytes, bytes]:
    """Output and rejects of a run that nothing disturbs."""
    return finish(source, source.with_name("whole.txt"))


def start(source: Path, output: Path, interval: float = 0.005, **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(SCRIPT), str(source), str(output), str(interval)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **options)


def finish(source: Path, output: Path) -> tuple[bytes, bytes]:
    """Run a job to its end, here, for only what is killed needs a process."""
    killed_job.main(source, output, interval=0.005)
    assert not Path(f"{output}.journal").exists()
    return output.read_bytes(), output.with_suffix(".rejects").read_bytes()


def result(source: Path, output: Path) -> tuple[bytes, bytes]:
    """What `finish` returns; of a job that was through when the signal came, what it left."""
    through = output.exists() and output.stat().st_size and not Path(f"{output}.journal").exists()
    return (output.read_bytes(), output.with_suffix(".rejects").read_bytes()) if through else finish(source, output)


def interrupt(source: Path, output: Path, after: float, how: signal.Signals) -> int:
    process = start(source, output, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(after)
    process.send_signal(how)
    process.communicate(timeout=60)
    return process.returncode


def interrupt_once_written(source: Path, output: Path, path: Path, how: signal.Signals) -> None:
    """Stop a job that has written to ``path`` and is not through."""
    while True:
        process = start(source, output, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (path.exists() and path.stat().st_size):
            time.sleep(0.001)
        process.send_signal(how)
        process.communicate(timeout=60)
        if process.returncode != 0:
            return
        output.unlink()
        output.with_suffix(".rejects").unlink()


def kill_and_resume(source: Path, whole: tuple[bytes, bytes], tmp_path: Path, instants: int, seed: int) -> None:
    assert len(whole[0].splitlines()) + len(whole[1].splitlines()) == COUNT
    rng = random.Random(seed)
    done = resumed = 0
    while done < instants:
        output = tmp_path / f"out{done}.txt"
        while True:
            done += 1
            if interrupt(source, output, rng.uniform(0, 0.4), signal.SIGKILL) == 0 or done >= instants:
                break
            resumed += Path(f"{output}.journal").exists()
        assert result(source, output) == whole
    assert resumed > 0


def test_killed_runs_resume_to_the_same_bytes(source: Path, whole: tuple[bytes, bytes], tmp_path: Path) -> None:
    kill_and_resume(source, whole, tmp_path, instants=4, seed=1)


@pytest.mark.slow
def test_fifty_killed_runs_resume_to_the_same_bytes(source: Path, whole: tuple[bytes, bytes], tmp_path: Path) -> None:
    kill_and_resume(source, whole, tmp_path, instants=50, seed=2)


def test_an_interrupt_leaves_whole_lines_and_resumes(
    source: Path, whole: tuple[bytes, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "out.txt"
    interrupt_once_written(source, output, output, signal.SIGINT)
    lines = output.read_bytes().splitlines(keepends=True)
    assert 0 < len(lines) < COUNT
    assert all(line.endswith(b"\n") for line in lines)
    before = len(lines)
    after, _ = finish(source, output)
    assert after.splitlines(keepends=True)[:before] == lines
    assert (after, output.with_suffix(".rejects").read_bytes()) == whole


@pytest.mark.parametrize("torn", ["journal", "txt", "rejects"])
def test_a_power_cut_that_tears_the_last_block(
    source: Path, whole: tuple[bytes, bytes], tmp_path: Path, torn: str
) -> None:
    output = tmp_path / "out.txt"
    path = Path(f"{output}.journal") if torn == "journal" else output.with_suffix(f".{torn}")
    interrupt_once_written(source, output, path, signal.SIGKILL)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3] + bytes(20) * (torn == "journal"))
    assert finish(source, output) == whole
