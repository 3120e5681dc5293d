"""Freed memory goes back to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spanport.stream import memory
from spanport.stream.memory import Trimmer, trim


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(memory._malloc_trim() is None, reason="the C library has no malloc_trim")
def test_freed_memory_goes_back() -> None:
    if sys.platform != "linux":
        pytest.skip("needs /proc")
    blocks = [bytearray(100_000) for _ in range(1000)]
    kept = blocks[-1]
    full = resident()
    del blocks
    trim()
    assert resident() < full - 60_000_000
    assert len(kept) == 100_000


def test_trimming_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = []
    now = [0.0]
    monkeypatch.setattr(memory, "trim", lambda: trimmed.append(now[0]))
    monkeypatch.setattr(memory.time, "monotonic", lambda: now[0])
    trimmer = Trimmer()
    for second in range(35):
        now[0] = float(second)
        trimmer.maybe()
    assert trimmed == [10.0, 20.0, 30.0]
