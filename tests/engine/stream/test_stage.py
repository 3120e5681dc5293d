"""One batch through one stage."""

from __future__ import annotations

import errno
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_stages import BadRecordError, faulty, numbered
from spanport.errors import ModelError, RecordError, StageError
from spanport.stream import Stage
from spanport.stream.batches import execute
from spanport.stream.stage import Fatal, Problem


@given(st.integers(1, 40), st.sets(st.integers(0, 39)))
def test_only_bad_items_fail(count: int, bad: set[int]) -> None:
    results, _ = execute(faulty("a", bad), numbered(count))
    assert len(results) == count
    for i, result in enumerate(results):
        if i in bad:
            assert isinstance(result, Problem)
            assert isinstance(result.error, BadRecordError)
        else:
            assert result == (i, "a")


def test_one_bad_item_costs_few_extra_calls() -> None:
    _, calls = execute(faulty("a", {37}), numbered(128))
    assert calls == 14


def test_a_batch_too_large_for_memory_is_split() -> None:
    sizes = []

    def run(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        if len(items) > 3:
            raise MemoryError
        return items

    results, _ = execute(Stage("a", run), range(10))
    assert results == list(range(10))
    assert max(size for size in sizes if size <= 3) == 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, lambda: ModelError("gone")])
def test_errors_that_no_record_causes_are_fatal(error: type[BaseException]) -> None:
    results, calls = execute(faulty("a", {1}, error=error), numbered(3))
    assert calls == 0
    assert all(isinstance(result, Fatal) for result in results)


def test_a_full_disk_names_the_stage() -> None:
    stage = faulty("write", {0}, error=lambda: OSError(errno.ENOSPC, "No space left on device"))
    [result], _ = execute(stage, numbered(1))
    assert isinstance(result.error, StageError)
    assert "write" in str(result.error)
    assert "No space left" in str(result.error)


def test_a_wrong_number_of_results_is_an_error_not_a_shift() -> None:
    results, _ = execute(Stage("a", lambda items: items[1:]), [1, 2, 3])
    assert all(isinstance(result, Fatal) for result in results)
    assert "2 results for 3 records" in str(results[0].error)


def test_the_error_of_a_record_does_not_keep_its_batch_in_memory() -> None:
    [result], _ = execute(faulty("a", {0}), numbered(1))
    assert result.error.__traceback__ is None


def test_an_unexpected_error_keeps_its_traceback_as_text() -> None:
    [_, result, _], _ = execute(faulty("a", {1}, error=lambda: TypeError("no such thing")), numbered(3))
    (note,) = result.error.__notes__
    assert note.startswith("Traceback")
    assert "in run" in note
    assert "TypeError: no such thing" in note
    [result], _ = execute(faulty("a", {0}, error=lambda: RecordError("a bad record")), numbered(1))
    assert not hasattr(result.error, "__notes__")
