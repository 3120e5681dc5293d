"""One model in memory at a time: block by block, group of stages by group of stages, over spilled outcomes."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from spanport.errors import RecordError, StageError, UsageError
from spanport.options import StreamOptions
from spanport.stream.run import counted, nothing, run_from
from spanport.stream.source import lookahead_of
from spanport.stream.stage import Failed, Outcome, Stage
from spanport.stream.stats import Stats

_END = object()
_SPILLED = "spilled-{}.pickle"
_LIST = 512


@dataclass(frozen=True)
class StageGroup:
    """Stages that share a model: ``open`` loads it, and lets it go when its context ends."""

    name: str
    open: Callable[[], AbstractContextManager[Sequence[Stage]]]


def run_staged(
    records: Iterable[Any],
    groups: Sequence[StageGroup],
    options: StreamOptions | None = None,
    *,
    stats: Stats | None = None,
    skip: int = 0,
    waiting: Callable[[], None] = nothing,
) -> Generator[Outcome]:
    """As `run_stages` over all stages of ``groups``, with the same outcomes, but one group open at a time.

    Each block of ``options.spill_block`` records goes through the first group, is written to
    ``options.spill_folder``, goes on through the next group, and so on; values must be picklable. What a killed run
    left there is overwritten; at the end, however it comes, the spilled files are removed, and the folder with them
    where nothing else lies in it. The first results come when a whole block has passed all groups but the last.

    Raises StageError when the folder cannot be written, and as `run_stages`.
    """
    if not groups:
        raise UsageError("at least one group of stages is needed")
    options, stats = options or StreamOptions(), stats or Stats()
    begin, _ = lookahead_of(options, skip)
    return counted(_blocks(records, groups, options, stats, begin, waiting), stats, skip - begin)


def _blocks(
    records: Iterable[Any],
    groups: Sequence[StageGroup],
    options: StreamOptions,
    stats: Stats,
    begin: int,
    waiting: Callable[[], None],
) -> Generator[Outcome]:
    source = islice(records, begin, None)
    with _spill_folder(options.spill_folder) as spill:
        while (first := next(source, _END)) is not _END:
            end = _block_end(options, begin)
            values: Iterable[Any] = islice(chain([first], source), end - begin)
            errors: list[Exception] = []
            for i, group in enumerate(groups):
                outcomes = _through(group, values, options, stats, begin, waiting)
                if group is groups[-1]:
                    with closing(outcomes):
                        yield from outcomes
                else:
                    path = spill / _SPILLED.format(i)
                    _write(path, _until_error(outcomes, errors))
                    values = _read(path)
            if errors:
                raise errors[0]
            begin = end


def _block_end(options: StreamOptions, begin: int) -> int:
    """Where the block ends that begins with this record: with its last whole look-ahead, or its first."""
    end, _ = lookahead_of(options, begin + options.spill_block)
    return end if end > begin else begin + lookahead_of(options, begin)[1]


def _until_error(outcomes: Generator[Outcome], errors: list[Exception]) -> Generator[Outcome]:
    """The outcomes before an error, which is kept: later groups complete what came before it."""
    try:
        yield from outcomes
    except Exception as error:
        errors.append(error)


def _through(
    group: StageGroup,
    values: Iterable[Any],
    options: StreamOptions,
    stats: Stats,
    begin: int,
    waiting: Callable[[], None],
) -> Generator[Outcome]:
    with group.open() as stages:
        yield from run_from(values, stages, options, stats, begin, waiting)
        del stages


@contextmanager
def _spill_folder(name: str | None) -> Iterator[Path]:
    if name is None:
        with tempfile.TemporaryDirectory(prefix="spanport-") as made:
            yield Path(made)
        return
    folder = Path(name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StageError(f"cannot spill to {folder}: {error.strerror or error}") from error
    try:
        yield folder
    finally:
        for path in folder.glob(_SPILLED.format("*")):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # something else lies in it
            folder.rmdir()


def _write(path: Path, outcomes: Generator[Outcome]) -> None:
    """Spill outcomes, list by list."""
    try:
        with closing(outcomes), path.open("wb") as file:
            while part := [_portable(outcome) for outcome in islice(outcomes, _LIST)]:
                pickle.dump(part, file, pickle.HIGHEST_PROTOCOL)
    except OSError as error:
        raise StageError(f"cannot write {path}: {error.strerror or error}") from error


def _read(path: Path) -> Iterator[Outcome]:
    with path.open("rb") as file:
        while True:
            try:
                yield from pickle.load(file)
            except EOFError:
                return


def _portable(outcome: Outcome) -> Outcome:
    """The outcome with an error that survives pickling."""
    if not isinstance(outcome, Failed):
        return outcome
    try:
        pickle.loads(pickle.dumps(outcome.error))
    except Exception:
        error = RecordError(f"{type(outcome.error).__name__}: {outcome.error}")
        return Failed(outcome.record, error, outcome.stage)
    return outcome
