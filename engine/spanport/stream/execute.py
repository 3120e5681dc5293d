"""One batch through one stage: a bad item never takes its batch with it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from typing import Any

from spanport.errors import ModelError, SpanportError, StageError, UsageError
from spanport.stream.stage import Stage

log = logging.getLogger(__name__)

_OUTSIDE = (StageError, ModelError, UsageError, OSError)
"""Errors that no record causes: rejecting every record for them would hide the cause."""


class Problem:
    """Stands where a result should be: the item's error."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Fatal:
    """Stands where a result should be: an error that ends the run when its turn comes."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def is_unexpected(error: BaseException) -> bool:
    """Whether a record's error is more likely a mistake in a stage than one of the record."""
    return not isinstance(error, SpanportError | MemoryError)


def execute(stage: Stage, items: Sequence[Any]) -> tuple[list[Any], int]:
    """Results in the items' order, each a value, a `Problem` or a `Fatal`; and how many extra calls it took.

    A batch that raises is halved and tried again down to single items, which isolates a bad item and makes
    room after a MemoryError alike. An unexpected error keeps its traceback, as text, in a note.
    """
    error: Exception
    try:
        results = list(stage.run(items))
        if len(results) == len(items):
            log.debug("stage %s: %d records", stage.name, len(items))
            return results, 0
        error = StageError(f"stage {stage.name} returned {len(results)} results for {len(items)} records")
    except Exception as raised:
        error = raised
    except BaseException as raised:
        return [Fatal(raised)] * len(items), 0
    if isinstance(error, _OUTSIDE):
        return [Fatal(_outside(stage, error))] * len(items), 0
    log.debug("stage %s: batch of %d failed", stage.name, len(items), exc_info=error)
    if len(items) == 1 and is_unexpected(error):
        error.add_note("".join(traceback.format_exception(error)))
    error.__traceback__ = None  # its frames hold the batch's memory
    if len(items) == 1:
        return [Problem(error)], 0
    del error
    half = len(items) // 2
    first, first_calls = execute(stage, items[:half])
    second, second_calls = execute(stage, items[half:])
    return first + second, first_calls + second_calls + 2


def _outside(stage: Stage, error: Exception) -> Exception:
    if not isinstance(error, OSError):
        return error
    failure = StageError(f"stage {stage.name}: {error}")
    failure.__cause__ = error
    return failure
