"""What a job finds that was there before: its own output, another's, or what was changed since."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from output_jobs import interrupted, job
from spanport.errors import JournalError, StageError, UsageError
from spanport.output import Output


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
