"""Files that a job reads and writes: which they really are, that no two are one, that nobody else's is lost."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from spanport.errors import JournalError, UsageError

_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/(?:self|thread-self|\d+))/fd/(\d+)")
_MOST_LINKS = 40


def descriptor(path: str | Path) -> int | None:
    """The open file that a path such as ``/dev/stdout`` or ``/dev/fd/3`` stands for, through links; else None."""
    name = os.path.abspath(path)
    for _ in range(_MOST_LINKS):
        if name in _STREAMS:
            return _STREAMS[name]
        if match := _DESCRIPTOR.fullmatch(name):
            return int(match[1])
        if not os.path.islink(name):
            return None
        name = os.path.abspath(os.path.join(os.path.dirname(name), os.readlink(name)))
    return None


def is_regular(path: str | Path) -> bool:
    """Whether this is, or will be, a regular file of that name."""
    if str(path) == "-" or descriptor(path) is not None:
        return False
    return Path(path).is_file() or not Path(path).exists()


def check_distinct(inputs: Sequence[str | Path], outputs: Mapping[str, str | Path | None]) -> None:
    """Raise UsageError where two of a job's files are one: by name, through a link, or as a redirected stream.

    ``outputs`` are by their roles; None for those that the job does not write.
    """
    files = [("an input", path, 0) for path in inputs]
    files += [(role, path, 1) for role, path in outputs.items() if path is not None]
    seen: dict[Hashable, str] = {}
    for role, path, stream in files:
        key = _identity(path, stream)
        if key is not None and key in seen and not (role == seen[key] == "an input"):
            raise UsageError(f"{path} is named twice, as {seen[key]} and as {role}; name different files")
        if key is not None:
            seen[key] = role


def _identity(path: str | Path, stream: int) -> Hashable:
    """What files that are the same share; None for devices, which anyone may name. ``-`` is the stream's number."""
    number = stream if str(path) == "-" else descriptor(path)
    if number == 1 and sys.stdout is None:  # the number may be that of another file by now
        raise UsageError("standard output is closed; name a file to write to")
    try:
        status = os.stat(path) if number is None else os.fstat(number)
    except OSError:
        return os.path.realpath(path) if number is None else None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else number


def check_outputs(outputs: Mapping[str, str | None], inputs: Sequence[str], *, replace: str | None = None) -> None:
    """Make sure, before any work is done, that files written at its end can be written; ``-`` is standard output.

    ``replace`` is the option, not given, with which files that are there would be replaced; None where it was given.

    Raises:
        UsageError: two of the files are one, a folder is missing or may not be written to, or a file is there.
    """
    check_distinct(inputs, outputs)
    for path in outputs.values():
        if path is None or not is_regular(path):
            continue
        file = Path(path)
        reason = None
        if not file.parent.is_dir():
            reason = f"{file.parent} is no folder"
        elif not os.access(file if file.exists() else file.parent, os.W_OK):
            reason = "permission denied"
        if reason:
            raise UsageError(f"cannot write {path}: {reason}")
        if replace:
            check_free(path, replace)


def check_free(path: str | Path, option: str) -> None:
    """Raise UsageError where a file is there and holds something."""
    if is_regular(path) and Path(path).exists() and Path(path).stat().st_size:
        raise UsageError(f"{path} is there already; name another file, or pass {option} to replace it")


def open_locked(path: Path) -> int:
    """Open (make) a file to read and write, locked against other jobs until it is closed; nothing of it is changed.

    Raises JournalError when another process holds it.
    """
    while True:
        number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            _lock(number, path)
            if os.path.exists(path) and os.path.samestat(os.stat(path), os.fstat(number)):
                return number
        except BaseException:
            os.close(number)
            raise
        os.close(number)  # removed between opening and locking


def _lock(number: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # not a Unix: no protection against two jobs at once
        return
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise JournalError(f"another process is writing {path}; wait for it, end it, or name another file") from error
