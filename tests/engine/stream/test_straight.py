"""Records at hand through stages without a model give what the threads give, and start none."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from spanport.errors import RecordError, UsageError
from spanport.options import StreamOptions
from spanport.stream import Done, Failed, Stage, Stats, run_stages


def double(batch: Sequence[int]) -> list[int]:
    if 250 in batch:
        raise RecordError("unlucky")
    return [2 * number for number in batch]


def shown(outcomes: Any) -> list[Any]:
    return [o.value if isinstance(o, Done) else (o.stage, o.record, str(o.error)) for o in outcomes]


@pytest.mark.parametrize("skip", [0, 5, 200])
def test_outcomes_are_those_of_the_threads(skip: int) -> None:
    records: list[Any] = [*range(300), Failed("line", RecordError("unreadable")), *range(40)]
    stages = [Stage("double", double), Stage("more", lambda batch: [number + 1 for number in batch])]
    options, stats = StreamOptions(linger=None), Stats()
    found = shown(run_stages(records, stages, options, stats=stats, skip=skip, at_hand=len(records)))
    assert found == shown(run_stages(records, stages, options, skip=skip))
    assert len(found) == 341 - skip
    assert [row for row in found if isinstance(row, tuple)] == [
        ("double", 250, "unlucky"),
        ("read", "line", "unreadable"),
    ]
    first, second = stats.snapshot().stages
    assert (first.name, first.rejects) == ("double", 1)
    assert second.items == first.items - 1


def test_no_thread_is_started_and_a_model_has_the_threads() -> None:
    before = threading.active_count()
    running = run_stages([1, 2], [Stage("double", double)], at_hand=2)
    assert next(running) == Done(2, 1)
    assert threading.active_count() == before
    running.close()
    running = run_stages([1, 2], [Stage("double", double, part="encoder")], at_hand=2)
    next(running)
    assert threading.active_count() > before
    running.close()


def test_one_alone_needs_no_thread_even_where_there_is_a_model() -> None:
    before = threading.active_count()
    stage = Stage("double", double, part="encoder", key=lambda item: item, merge=lambda item, result: (item, result))
    running = run_stages([4], [stage], at_hand=1)
    assert next(running) == Done((4, 8), 4)
    assert threading.active_count() == before
    assert list(running) == []
    assert isinstance(next(run_stages([250], [stage], at_hand=1)), Failed)


def test_what_no_record_causes_ends_the_run() -> None:
    def wrong(batch: Sequence[int]) -> list[int]:
        raise UsageError("no such thing")

    with pytest.raises(UsageError, match="no such thing"):
        list(run_stages([1, 2], [Stage("wrong", wrong)], at_hand=2))
