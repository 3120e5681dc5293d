"""Every fault in every stage in turn: an exception, too little memory, a slow stage, a full disk."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fake_stages import BadRecordError, composition, stream_threads
from spanport.errors import StageError
from spanport.options import StreamOptions
from spanport.output import Output, Reject
from spanport.stream import Failed, Stage, run_stages

COUNT, BAD = 100, 57
OPTIONS = StreamOptions(window=32, lookahead=16, linger=None)
Run = Callable[[Sequence[Any]], Sequence[Any]]


def exception(run: Run) -> Run:
    return raising(run, lambda items, all_seen: BadRecordError() if len(all_seen) > BAD else None)


def memory(run: Run) -> Run:
    return raising(run, lambda items, all_seen: MemoryError() if len(items) > 2 else None)


def disk(run: Run) -> Run:
    full = OSError(errno.ENOSPC, "No space left on device")
    return raising(run, lambda items, all_seen: full if len(all_seen) > BAD else None)


def slow(run: Run) -> Run:
    def late(items: Sequence[Any]) -> Sequence[Any]:
        time.sleep(0.005)
        return run(items)

    return late


def raising(run: Run, fault: Callable[[Sequence[Any], set[Any]], Exception | None]) -> Run:
    seen: set[Any] = set()

    def faulty(items: Sequence[Any]) -> Sequence[Any]:
        seen.update(items)
        if error := fault(items, seen):
            raise error
        return run(items)

    return faulty


def stages(place: int = -1, fault: Callable[[Run], Run] = slow) -> list[Stage]:
    clean = [Stage(name, double) for name in "ab"] + [composition("c", budget=40), Stage("d", double)]
    return [replace(s, run=fault(s.run)) if i == place else s for i, s in enumerate(clean)]


def double(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


def work(folder: Path, built: list[Stage]) -> tuple[bytes, bytes]:
    source = folder / "in"
    source.touch()
    with Output(folder / "out", folder / "rejects", inputs=[source]) as job:
        number = job.completed
        with closing(run_stages(range(COUNT), built, OPTIONS, skip=number)) as outcomes:
            for outcome in outcomes:
                number += 1
                if isinstance(outcome, Failed):
                    job.write(b"", rejects=[Reject.of(number, outcome.error, str(outcome.record))])
                else:
                    job.write(b"%d %d\n" % (number, outcome.value))
        job.finish()
    assert stream_threads() == []
    rejects = folder / "rejects"
    return (folder / "out").read_bytes(), rejects.read_bytes() if rejects.exists() else b""


@pytest.fixture
def whole(tmp_path: Path) -> tuple[bytes, bytes]:
    (tmp_path / "whole").mkdir()
    return work(tmp_path / "whole", stages())


@pytest.mark.parametrize("place", range(4))
def test_an_exception_rejects_records_and_no_other(tmp_path: Path, place: int, whole: tuple[bytes, bytes]) -> None:
    output, rejects = work(tmp_path, stages(place, exception))
    numbers = [int(line.split()[0]) for line in output.splitlines()]
    assert 0 < len(numbers) < COUNT
    assert len(numbers) + len(rejects.splitlines()) == COUNT
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_too_little_memory_costs_time_only(tmp_path: Path, place: int, whole: tuple[bytes, bytes]) -> None:
    assert work(tmp_path, stages(place, memory)) == whole


def test_too_little_memory_for_a_model_loses_nothing(tmp_path: Path) -> None:
    """Smaller batches, so other last digits."""
    output, rejects = work(tmp_path, stages(2, memory))
    assert (len(output.splitlines()), rejects) == (COUNT, b"")


@pytest.mark.parametrize("place", range(4))
def test_a_slow_stage_changes_nothing(tmp_path: Path, place: int, whole: tuple[bytes, bytes]) -> None:
    assert work(tmp_path, stages(place, slow)) == whole


@pytest.mark.parametrize("place", range(4))
def test_a_full_disk_stops_the_job_and_the_next_run_completes_it(
    tmp_path: Path, place: int, whole: tuple[bytes, bytes]
) -> None:
    with pytest.raises(StageError, match="No space left"):
        work(tmp_path, stages(place, disk))
    assert whole[0].startswith((tmp_path / "out").read_bytes())
    assert len((tmp_path / "out").read_bytes().splitlines()) >= BAD - BAD % 16 - 16
    assert work(tmp_path, stages()) == whole
