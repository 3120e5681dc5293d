"""Files are told apart by what they are, not by how they are called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spanport.errors import UsageError
from spanport.output import files
from spanport.output.files import check_distinct, check_outputs, descriptor, is_regular


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "in.txt").write_text("mine\n")
    os.link(tmp_path / "in.txt", tmp_path / "hard")
    (tmp_path / "soft").symlink_to("in.txt")
    (tmp_path / "dangling").symlink_to("new")
    (tmp_path / "out").symlink_to("/dev/stdout")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("same", ["in.txt", "./in.txt", "hard", "soft", "../{0}/in.txt"])
def test_an_output_that_is_an_input(folder: Path, same: str) -> None:
    with pytest.raises(UsageError, match="named twice, as an input and as output"):
        check_distinct(["in.txt"], {"output": same.format(folder.name)})


@pytest.mark.parametrize(("one", "other"), [("new", "dangling"), ("-", "/dev/stdout"), ("-", "out"), ("new", "new")])
def test_outputs_that_are_one(folder: Path, one: str, other: str) -> None:
    with pytest.raises(UsageError, match="named twice, as output and as rejects"):
        check_distinct([], {"output": one, "rejects": other, "statistics": None})


def test_what_is_not_one(folder: Path) -> None:
    check_distinct(["-", "in.txt", "in.txt"], {"output": "-", "rejects": "/dev/null", "statistics": "/dev/null"})


def test_a_stream_that_is_redirected_to_an_input() -> None:
    code = "from spanport.output.files import check_distinct; check_distinct(['x.txt'], {'output': '-'})"
    ran = subprocess.run(
        f'cd "$(mktemp -d)" && echo a > x.txt && {sys.executable} -c "{code}" >> x.txt',
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "named twice" in ran.stderr


@pytest.mark.parametrize(
    ("path", "number"),
    [("/dev/stdout", 1), ("/dev/fd/3", 3), ("/proc/self/fd/12", 12), ("out", 1), ("soft", None), ("/dev/null", None)],
)
def test_names_of_open_files(folder: Path, path: str, number: int | None) -> None:
    assert descriptor(path) == number
    assert not is_regular(path) or number is None


def test_links_in_a_circle(folder: Path) -> None:
    Path("a").symlink_to("b")
    Path("b").symlink_to("a")
    assert descriptor("a") is None


def test_a_file_that_is_replaced_while_it_is_locked_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock = tmp_path / "out", files._lock

    def replaced(number: int, name: Path) -> None:
        if not path.stat().st_size:
            path.unlink()
            path.write_text("of the job that had it")
        lock(number, name)

    monkeypatch.setattr(files, "_lock", replaced)
    number = files.open_locked(path)
    assert os.read(number, 100) == b"of the job that had it"
    os.close(number)


def test_outputs_are_checked_before_the_work(folder: Path) -> None:
    check_outputs({"page": "-", "plot": None, "figures": "new.json"}, ["in.txt"], replace="--replace")
    with pytest.raises(UsageError, match=r"cannot write nodir/x\.html: nodir is no folder"):
        check_outputs({"page": "nodir/x.html"}, [])
    with pytest.raises(UsageError, match="named twice"):
        check_outputs({"page": "hard"}, ["in.txt"], replace=None)
    with pytest.raises(UsageError, match=r"in\.txt is there already; .*--replace"):
        check_outputs({"page": "in.txt"}, [], replace="--replace")
    check_outputs({"page": "in.txt"}, [])
