"""Ways through the stages: all at once, or block by block, one model in memory at a time, over spilled outcomes."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

from spanport.errors import RecordError, StageError
from spanport.options import StreamOptions
from spanport.stream.batches import lookahead_of, outcomes
from spanport.stream.pipeline import Pipeline
from spanport.stream.stage import Failed, Fatal, Outcome, Stage
from spanport.stream.stats import Stats

_END = object()
_SPILLED = "spilled-{}.pickle"
_LIST = 512


class Way(NamedTuple):
    """What all passes of a run share.

    ``waiting`` is called while there is nothing to hand over, ``release`` with the name of a part that is done.
    """

    options: StreamOptions
    stats: Stats
    waiting: Callable[[], object]
    release: Callable[[str], object]


def through(records: Iterable[Any], stages: Sequence[Stage], way: Way, begin: int) -> Generator[Outcome]:
    """The outcomes of the records from number ``begin`` on, at which a look-ahead begins."""
    pipeline = Pipeline(records, stages, way.options, way.stats, begin)
    try:
        pipeline.start()
        while (window := pipeline.next_window(way.waiting)) is not None:
            for outcome in outcomes(window, reproducible=way.options.linger is None):
                if isinstance(outcome, Fatal):
                    raise outcome.error
                yield outcome
                pipeline.release()
            way.stats.check_balance()
    finally:
        pipeline.stop()
        pipeline.join()


def parts_of(stages: Sequence[Stage]) -> list[list[Stage]]:
    """Neighbours that share a model, together."""
    return [list(group) for _, group in groupby(stages, key=lambda stage: stage.part)]


def in_blocks(records: Iterable[Any], stages: Sequence[Stage], way: Way, begin: int) -> Generator[Outcome]:
    """As `through`, one part of the stages after the other, loaded for each block and then let go.

    Each block of ``spill_block`` records goes through the first part, is written to ``spill_folder``, goes on through
    the next part, and so on; values must be picklable. What a killed run left there is overwritten; at the end,
    however it comes, the spilled files are removed, and the folder with them where nothing else lies in it.

    Raises StageError when the folder cannot be written.
    """
    source, parts = iter(records), parts_of(stages)
    with _spill_folder(way.options.spill_folder) as spill:
        while (first := next(source, _END)) is not _END:
            end = _block_end(way.options, begin)
            values: Iterable[Any] = islice(chain([first], source), end - begin)
            errors: list[Exception] = []
            for i, part in enumerate(parts[:-1]):
                path = spill / _SPILLED.format(i)
                _write(path, _until_error(_loaded(values, part, way, begin), errors))
                values = _read(path)
            with closing(_loaded(values, parts[-1], way, begin)) as found:
                yield from found
            if errors:
                raise errors[0]
            begin = end


def _loaded(records: Iterable[Any], part: Sequence[Stage], way: Way, begin: int) -> Generator[Outcome]:
    try:
        for stage in part:
            stage.load()
        yield from through(records, part, way, begin)
    finally:
        for stage in part:
            stage.free()
        way.release(part[0].part)


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
