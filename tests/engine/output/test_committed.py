"""Output that survives interrupts, power cuts and full disks; `test_killed` has jobs that are killed."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_stages import disk_of
from spanport.errors import JournalError, StageError, UsageError
from spanport.output import Output, Reject, committed

COUNT = 1500


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.txt"
    path.write_text("".join(f"{i}\n" for i in range(COUNT)))
    return path


def job(tmp_path: Path, source: Path, **options: Any) -> Output:
    options = {"interval": 1000.0, **options}
    return Output(tmp_path / "out", tmp_path / "rejects", inputs=[source], **options)


def interrupted(tmp_path: Path, source: Path, **options: Any) -> None:
    def work() -> None:
        with job(tmp_path, source, **options) as running:
            running.write(b"one\n")
            running.write(b"", rejects=[Reject.of(2, ValueError("no"), "zwei")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()


def test_an_interrupted_job_is_taken_up_where_it_stopped(tmp_path: Path, source: Path) -> None:
    interrupted(tmp_path, source)
    with job(tmp_path, source) as running:
        assert (running.completed, running.rejected) == (2, 1)
        running.write(b"three\n")
        running.finish()
    assert (tmp_path / "out").read_bytes() == b"one\nthree\n"
    assert json.loads((tmp_path / "rejects").read_text()) == {
        "line": 2, "reason": "ValueError", "error": "no", "record": "zwei",
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["numbers.txt", "out", "rejects"]


def test_without_rejects_there_is_no_rejects_file(tmp_path: Path, source: Path) -> None:
    (tmp_path / "rejects").write_text("of a run before")
    with job(tmp_path, source, fresh=True) as running:
        running.finish()
    assert (tmp_path / "out").read_bytes() == b""
    assert not (tmp_path / "rejects").exists()


@pytest.mark.parametrize("change", [lambda text: "other\n", lambda text: text[::-1]])
def test_a_journal_of_another_input_is_refused(tmp_path: Path, source: Path, change: Callable[[str], str]) -> None:
    interrupted(tmp_path, source)
    source.write_text(change(source.read_text()))
    with pytest.raises(JournalError, match=r"numbers\.txt .*bytes.*--fresh"):
        job(tmp_path, source)
    assert (tmp_path / "out").read_bytes() == b"one\n"
    with job(tmp_path, source, fresh=True) as running:
        assert running.completed == 0
        running.finish()
    assert (tmp_path / "out").read_bytes() == b""


def test_a_journal_of_another_job_is_refused_and_says_in_what(tmp_path: Path, source: Path) -> None:
    interrupted(tmp_path, source, job={"lang": "spa_Latn", "stream": {"window": 8}})
    with pytest.raises(JournalError, match=r'in which lang was "spa_Latn", not "deu_Latn"; .*--fresh'):
        job(tmp_path, source, job={"lang": "deu_Latn", "stream": {"window": 8}})
    with pytest.raises(JournalError, match=r"in which stream\.window was 8, not 9"):
        job(tmp_path, source, job={"lang": "spa_Latn", "stream": {"window": 9}})
    assert (tmp_path / "out").read_bytes() == b"one\n"


def test_a_job_that_cannot_resume_does_not_overwrite_one_that_can(tmp_path: Path, source: Path) -> None:
    interrupted(tmp_path, source)
    with pytest.raises(JournalError, match="unfinished job"):
        Output(tmp_path / "out", tmp_path / "rejects", inputs=["-"])


def test_a_journal_of_another_version_is_refused(tmp_path: Path, source: Path) -> None:
    interrupted(tmp_path, source)
    encoded = b'{"journal":"spanport","another":"version"}'
    (tmp_path / "out.journal").write_bytes(b"%b\t%08x\n" % (encoded, zlib.crc32(encoded)))
    with pytest.raises(JournalError, match="no journal of this version"):
        job(tmp_path, source)


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", ["out", "link"])
def test_two_runs_at_once_are_refused(tmp_path: Path, source: Path, fresh: bool, name: str) -> None:
    (tmp_path / "link").symlink_to("out")
    with job(tmp_path, source) as running:
        running.write(b"one\n")
        with pytest.raises(JournalError, match="another process is writing"):
            Output(tmp_path / name, tmp_path / "other", inputs=[source], fresh=fresh)
        with pytest.raises(JournalError, match="another process is writing"):
            Output(tmp_path / "elsewhere", tmp_path / "rejects", inputs=[source], fresh=fresh)
        running.finish()
    assert (tmp_path / "out").read_bytes() == b"one\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "numbers.txt", "out"]


def test_a_job_goes_on_through_a_link_to_its_output(tmp_path: Path, source: Path) -> None:
    (tmp_path / "link").symlink_to("out")
    interrupted(tmp_path, source)
    with Output(tmp_path / "link", tmp_path / "rejects", inputs=[source]) as running:
        assert running.completed == 2
        running.finish()


@pytest.mark.parametrize("name", ["out", "rejects"])
def test_what_no_job_made_is_replaced_when_asked_to_alone(tmp_path: Path, source: Path, name: str) -> None:
    (tmp_path / name).write_text("mine, and longer")
    with pytest.raises(UsageError, match=f"{name} is there already; .*--fresh"):
        job(tmp_path, source)
    assert (tmp_path / name).read_text() == "mine, and longer"
    with job(tmp_path, source, fresh=True) as running:
        running.write(b"one\n")
        running.finish()
    assert (tmp_path / "out").read_bytes() == b"one\n"


def test_what_is_to_be_replaced_stays_until_there_is_something_new(tmp_path: Path, source: Path) -> None:
    def fail() -> None:
        with job(tmp_path, source, fresh=True):
            raise StageError("no such model")

    (tmp_path / "out").write_text("good")
    with pytest.raises(StageError, match="no such model"):
        fail()
    assert (tmp_path / "out").read_text() == "good"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["numbers.txt", "out"]


def test_a_job_that_fails_at_once_leaves_nothing(tmp_path: Path, source: Path) -> None:
    def fail() -> None:
        with job(tmp_path, source):
            raise StageError("no such model")

    with pytest.raises(StageError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["numbers.txt"]


@pytest.mark.parametrize("fresh", [False, True])
def test_notes_under_the_name_of_the_journal_are_never_touched(tmp_path: Path, source: Path, fresh: bool) -> None:
    (tmp_path / "out.journal").write_text("what I did today\n")
    with pytest.raises(JournalError, match="is no journal of spanport"):
        job(tmp_path, source, fresh=fresh)
    assert (tmp_path / "out.journal").read_text() == "what I did today\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["out", "rejects"])
def test_what_was_changed_since_is_not_gone_on_with(tmp_path: Path, source: Path, name: str) -> None:
    interrupted(tmp_path, source)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data.replace(b"o", b"0"))
    with pytest.raises(JournalError, match=f"{name} is not as the run before left it"):
        job(tmp_path, source)
    (tmp_path / name).write_bytes(data)
    assert job(tmp_path, source).completed == 2


def test_a_rejects_file_that_came_in_between_is_not_taken_for_ours(tmp_path: Path, source: Path) -> None:
    def interrupt() -> None:
        with job(tmp_path, source) as running:
            running.write(b"one\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    (tmp_path / "rejects").write_text("mine, and longer than what was rejected")
    with pytest.raises(JournalError, match="rejects holds what no run wrote"):
        job(tmp_path, source)
    assert (tmp_path / "rejects").read_text().startswith("mine")


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
