"""Output that survives interrupts, power cuts and full disks; `test_killed` has jobs that are killed."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fake_stages import disk_of
from output_jobs import job
from spanport.errors import StageError, UsageError
from spanport.output import Output, Reject, committed


def test_a_commit_whose_line_is_damaged_does_not_count(tmp_path: Path, source: Path) -> None:
    with job(tmp_path, source) as running:
        running.write(b"one\n")
        running.commit()
        running.write(b"two\n")
    path = tmp_path / "out.journal"
    head, first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(head + first + second.replace(b'"records":2', b'"records":9'))
    with job(tmp_path, source) as running:
        assert running.completed == 1
        running.write(b"two\n")
        running.finish()
    assert (tmp_path / "out").read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("name", ["out", "rejects"])
def test_a_commit_whose_bytes_were_lost_does_not_count(tmp_path: Path, source: Path, name: str) -> None:
    with job(tmp_path, source) as running:
        for i in range(3):
            running.write(b"%d\n" % i, records=2, rejects=[Reject.of(2 * i + 2, ValueError("no"), "x")])
            running.commit()
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
    with job(tmp_path, source) as running:
        assert (running.completed, running.rejected) == (4, 2)
        assert len((tmp_path / "out").read_bytes()) == 4
        assert len((tmp_path / "rejects").read_bytes().splitlines()) == 2


def test_a_commit_is_noted_after_both_files_are_on_disk(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sync, note = os.fsync, committed.Journal.commit

    def synced(number: int) -> None:
        sync(number)
        order.append(Path(os.readlink(f"/proc/self/fd/{number}")).name)

    def noted(journal: Any, commit: Any) -> None:
        order.append("noted")
        note(journal, commit)

    with job(tmp_path, source) as running:
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(committed.Journal, "commit", noted)
        running.write(b"one\n", rejects=[Reject.of(1, ValueError("no"), "x")])
        running.commit()
    assert order == ["out", "rejects", "noted", "out.journal"]


def test_commits_come_by_time_while_nothing_else_does(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(committed.time, "monotonic", lambda: now[0])
    with job(tmp_path, source, interval=2.0) as running:
        running.write(b"one\n")
        for now[0] in (1.0, 1.9):
            running.tick()
        assert (tmp_path / "out").read_bytes() == b""
        now[0] = 2.0
        running.tick()
        assert (tmp_path / "out").read_bytes() == b"one\n"
        assert (tmp_path / "out.journal").read_bytes().count(b"\n") == 2


def decompressed(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    with pytest.importorskip("zstandard").open(path, "rb") as file:
        return bytes(file.read())


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_compressed_output_is_committed_member_by_member(tmp_path: Path, source: Path, ending: str) -> None:
    if ending == "zst":
        pytest.importorskip("zstandard")
    parts = [b"%d %s\n" % (i, bytes([65 + i % 26]) * 5000) for i in range(40)]

    def run(name: str, stop: int = 40) -> None:
        with Output(tmp_path / name, tmp_path / "rejects", inputs=[source], interval=0.0) as running:
            for part in parts[running.completed : stop]:
                running.write(part)
            if stop < 40:
                raise KeyboardInterrupt
            running.finish()

    run(f"whole.{ending}")
    assert decompressed(tmp_path / f"whole.{ending}") == b"".join(parts)
    with pytest.raises(KeyboardInterrupt):
        run(f"out.{ending}", 1)
    assert not (tmp_path / f"out.{ending}").exists()
    for stop in (20, 30):
        with pytest.raises(KeyboardInterrupt):
            run(f"out.{ending}", stop)
        assert b"".join(parts).startswith(decompressed(tmp_path / f"out.{ending}"))
    run(f"out.{ending}")
    assert (tmp_path / f"out.{ending}").read_bytes() == (tmp_path / f"whole.{ending}").read_bytes()


def test_a_compressed_output_of_nothing_and_of_a_pipe(tmp_path: Path, source: Path) -> None:
    with Output(tmp_path / "none.gz", tmp_path / "rejects", inputs=[source]) as running:
        running.finish()
    assert gzip.decompress((tmp_path / "none.gz").read_bytes()) == b""
    with Output(tmp_path / "piped.gz", tmp_path / "rejects", inputs=["-"]) as running:
        running.write(b"one\n")
    assert gzip.decompress((tmp_path / "piped.gz").read_bytes()) == b"one\n"


def test_a_folder_that_is_not_there(tmp_path: Path, source: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write .*nowhere"):
        Output(tmp_path / "nowhere" / "out", tmp_path / "rejects", inputs=[source])


def test_records_from_a_pipe_are_written_at_once(tmp_path: Path) -> None:
    with Output(tmp_path / "out", tmp_path / "rejects", inputs=["-"]) as running:
        running.write(b"one\n")
        assert (tmp_path / "out").read_bytes() == b"one\n"
        running.finish()
    assert not (tmp_path / "out.journal").exists()


def test_standard_output(source: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with Output("-", tmp_path / "rejects", inputs=[source]) as running:
        running.write(b"one\n")
        running.finish()
    assert capfdbinary.readouterr().out == b"one\n"


def test_memory_is_bounded_between_commits(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is pending is written when there is much of it, but is not safe before it is committed."""
    monkeypatch.setattr(committed, "_MOST_PENDING", 100)
    running = job(tmp_path, source)
    for i in range(30):
        running.write(b"%09d\n" % i)
    assert (tmp_path / "out").stat().st_size == 300
    journal = (tmp_path / "out.journal").read_bytes()
    assert journal.count(b"\n") == 1
    running.commit()
    running.write(b"x" * 200 + b"\n")
    assert (tmp_path / "out").stat().st_size == 501
    assert (tmp_path / "out.journal").read_bytes().count(b"\n") == 2
    del running  # killed
    with job(tmp_path, source) as again:
        assert again.completed == 30
        assert (tmp_path / "out").stat().st_size == 300
        again.finish()


def test_many_records_at_once_are_resumed_like_one_by_one(tmp_path: Path, source: Path) -> None:
    with job(tmp_path, source) as running:
        rejects = [Reject.of(line, ValueError("no"), "x") for line in (2, 3)]
        running.write(b"1\n4\n5\n", 5, rejects)
        running.write(b"6\n")
    with job(tmp_path, source) as running:
        assert (running.completed, running.rejected) == (6, 2)
        running.finish()
    assert (tmp_path / "out").read_bytes() == b"1\n4\n5\n6\n"
    assert [json.loads(line)["line"] for line in (tmp_path / "rejects").read_text().splitlines()] == [2, 3]


def test_rejects_may_go_to_a_device(tmp_path: Path, source: Path) -> None:
    with Output(tmp_path / "out", os.devnull, inputs=[source]) as running:
        running.write(b"", rejects=[Reject.of(1, ValueError("no"), "x")])
        running.finish()


def test_a_full_disk_leaves_whole_records_and_resumes(tmp_path: Path, source: Path) -> None:

    def fill() -> None:
        with job(tmp_path, source) as running:
            for i in range(1000):
                running.write(b"record %4d\n" % i)
                if i % 20 == 19:
                    running.commit()

    with disk_of(1000), pytest.raises(StageError, match=r"cannot write .*80 records complete"):
        fill()
    assert (tmp_path / "out").read_bytes() == b"".join(b"record %4d\n" % i for i in range(80))
    with job(tmp_path, source) as running:
        assert running.completed == 80
        running.finish()


def test_a_full_device_is_a_clear_error(tmp_path: Path, source: Path) -> None:
    running = Output("/dev/full", tmp_path / "rejects", inputs=[source])
    with pytest.raises(StageError, match=r"cannot write /dev/full: No space left"):
        running.write(b"one\n")
