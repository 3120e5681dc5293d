"""What a person sees of a job under way."""

from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from spanport.cli import progress
from spanport.cli.progress import Progress, share_done
from spanport.stream import StageStats, Stats


def stage(name: str, items: int, busy: float, shared: int = 0) -> StageStats:
    return StageStats(name, items=items, busy_s=busy, shared=shared)


def test_work_under_way_counts_by_the_time_it_takes() -> None:
    """Three seconds a record, of which the first stage takes two: 60 of 100 are through it, 30 through both."""
    stages = [stage("translate", 50, 120.0, shared=10), stage("encode", 30, 30.0)]
    assert share_done(20, 100, stages) == pytest.approx((120 + 30) / (100 * 3))
    assert share_done(100, 100, stages) == 1.0
    assert share_done(5, 10, []) == 0.5
    assert share_done(5, 10, [stage("words", 0, 0.0)]) == 0.5


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=140)
    monkeypatch.setattr(progress, "stderr", lambda: console)
    return written


def test_the_bar_is_drawn_by_the_clock(
    terminal: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.txt").write_text("a line\n" * 1000)
    now = iter(range(1000, 100_000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))
    stats = Stats()
    stats.open({"translate": 1})
    stats.add("translate", items=500, busy_s=5.0, queued=12)
    with Progress(str(tmp_path / "in.txt"), SimpleNamespace(stats=stats), skipped=100) as bar:  # type: ignore[arg-type]
        bar.update(150, 250)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue()).replace("\r", "\n")
    assert "0 records" in shown
    assert not re.search(r"\b1 records", shown)
    last = next(line for line in reversed(shown.splitlines()) if "records" in line)
    assert "250 records" in last
    assert "56%" in last  # 500 of the 900 that were left
    assert re.search(r"0:00:\d\d", last)
    assert re.search(r"translate \d+/s \+12", last)


def test_no_terminal_no_bar(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with Progress(str(tmp_path / "in.txt"), None) as bar:
        bar.update(1, 1)
    assert capfd.readouterr() == ("", "")


def test_of_a_table_in_binary_nobody_knows_how_far_it_is(terminal: io.StringIO, tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_bytes(b"PAR1\0\n\n")
    (tmp_path / "in.txt").write_bytes(b"a\n\n")
    assert progress._count_lines(str(tmp_path / "in.parquet")) is None
    assert progress._count_lines(str(tmp_path / "in.txt")) == 2
