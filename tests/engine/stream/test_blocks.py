"""One group of stages at a time gives what all at once give, with one group open at a time."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fake_stages import composition, disk_of, faulty, numbered, stream_threads
from spanport.errors import RecordError, StageError
from spanport.options import StreamOptions
from spanport.stream import Failed, Stage, Stats, arun_stages, run_stages

OPTIONS = StreamOptions(window=8, lookahead=4, linger=None, spill_block=9)


@dataclasses.dataclass
class Freed(Stage):
    """A stage that tells when it lets go."""

    freed: Any = None

    def free(self) -> None:
        super().free()
        self.freed()


class House:
    """Notes which parts of the stages are loaded."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.opened: list[str] = []
        self.most = 0

    def part(self, name: str, *stages: Stage) -> list[Stage]:
        first, *others = stages
        run = first.run

        def make() -> Any:
            self.open.append(name)
            self.opened.append(name)
            self.most = max(self.most, len(self.open))
            return run

        first = Freed(**{**vars(first), "run": None, "make": make, "freed": lambda: self.open.remove(name)})
        return [dataclasses.replace(stage, part=name) for stage in (first, *others)]


def run_blocks(records: Any, parts: Sequence[list[Stage]], options: StreamOptions = OPTIONS, **more: Any) -> Any:
    return run_stages(records, [stage for part in parts for stage in part], replace(options, resident="one"), **more)


def shown(outcomes: Any) -> list[Any]:
    return [(o.record, o.stage, str(o.error)) if isinstance(o, Failed) else o.value for o in outcomes]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 40), st.integers(1, 30), st.integers(0, 45), st.integers(1, 3))
def test_the_same_outcomes_as_all_at_once(count: int, block: int, skip: int, groups: int) -> None:
    options = StreamOptions(window=8, lookahead=4, linger=None, spill_block=block)
    stages = [composition(name, budget=30) for name in "abc"]
    house = House()
    cut = [stages[:1], stages[1:2], stages[2:]] if groups == 3 else [stages[:groups], stages[groups:]]
    built = [house.part(str(i), *part) for i, part in enumerate(cut) if part]
    stats = Stats()
    found = shown(run_blocks(range(count), built, options, skip=skip, stats=stats))
    assert found == shown(run_stages(range(count), stages, options, skip=skip))
    assert house.most <= 1
    assert house.open == []
    assert stats.snapshot().records == len(found)


def test_failures_of_every_group_keep_their_record_and_place(tmp_path: Path) -> None:
    records: list[Any] = numbered(30)
    records[5] = Failed("line 6", RecordError("unreadable"))
    stages = [faulty("a", {3, 11}), faulty("b", {4, 12, 29})]
    house = House()
    groups = [house.part(stage.name, stage) for stage in stages]
    assert shown(run_blocks(records, groups, OPTIONS)) == shown(run_stages(records, stages, OPTIONS))


def test_each_block_goes_through_all_groups() -> None:
    house = House()
    groups = [house.part("a", faulty("a")), house.part("b", faulty("b"))]
    endless = ((i, "") for i in itertools.count())
    with closing(run_blocks(endless, groups, OPTIONS)) as outcomes:
        values = [outcome.value for outcome in itertools.islice(outcomes, 20)]  # type: ignore[union-attr]
    assert values == [(i, "ab") for i in range(20)]
    assert house.opened == ["a", "b", "a", "b", "a", "b"]
    assert house.open == []
    assert stream_threads() == []


def test_what_came_before_a_fatal_error_is_completed_first() -> None:
    house = House()
    broken = faulty("a", {13}, error=lambda: StageError("device lost"))
    seen: list[Any] = []
    with pytest.raises(StageError, match="device lost"):
        seen.extend(run_blocks(numbered(40), [house.part("a", broken), house.part("b", faulty("b"))], OPTIONS))
    assert [outcome.value for outcome in seen] == [(i, "ab") for i in range(12)]


def test_an_error_that_cannot_be_pickled_is_told_in_words() -> None:
    class LocalError(Exception):
        pass

    house = House()
    groups = [house.part("a", faulty("a", {0}, error=LocalError)), house.part("b", faulty("b"))]
    [outcome] = run_blocks(numbered(1), groups, OPTIONS)
    assert isinstance(outcome, Failed)
    assert "LocalError" in str(outcome.error)


def spilling_to(folder: Path, block: int = 9) -> StreamOptions:
    return replace(OPTIONS, spill_block=block, spill_folder=str(folder))


def test_the_spill_folder_is_removed_at_the_end_whatever_a_killed_run_left(tmp_path: Path) -> None:
    folder = tmp_path / "out.spill"
    folder.mkdir()
    (folder / "spilled-0.pickle").write_text("left behind by a killed run")
    (folder / "spilled-7.pickle").write_text("left behind by a killed run")
    house = House()
    groups = [house.part("a", faulty("a")), house.part("b", faulty("b"))]
    assert len(list(run_blocks(numbered(20), groups, spilling_to(folder)))) == 20
    assert list(tmp_path.iterdir()) == []


def test_the_spill_folder_is_removed_when_the_iterator_is_closed_or_a_stage_fails(tmp_path: Path) -> None:
    folder = tmp_path / "out.spill"
    house = House()
    groups = [house.part("a", faulty("a")), house.part("b", faulty("b"))]
    with closing(run_blocks(numbered(20), groups, spilling_to(folder))) as outcomes:
        next(outcomes)
        assert folder.exists()
    assert not folder.exists()
    for error in (KeyboardInterrupt, lambda: StageError("device lost")):
        groups = [house.part("a", faulty("a")), house.part("b", faulty("b", {13}, error=error))]
        with pytest.raises((KeyboardInterrupt, StageError)):
            list(run_blocks(numbered(20), groups, spilling_to(folder)))
        assert not folder.exists()


def test_what_others_keep_in_the_spill_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    house = House()
    groups = [house.part("a", faulty("a")), house.part("b", faulty("b"))]
    assert len(list(run_blocks(numbered(20), groups, spilling_to(tmp_path)))) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_spill_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    house = House()
    groups = [house.part("a", faulty("a")), house.part("b", faulty("b"))]
    with pytest.raises(StageError, match="cannot spill to"):
        list(run_blocks(numbered(20), groups, spilling_to(tmp_path / "file")))


def test_a_full_spill_disk_is_a_clear_error(tmp_path: Path) -> None:
    house = House()
    groups = [house.part("a", faulty("a")), house.part("b", faulty("b"))]
    options = StreamOptions(spill_block=5000, spill_folder=str(tmp_path / "spill"))
    with disk_of(10_000), pytest.raises(StageError, match=r"cannot write .*spilled-0\.pickle"):
        list(run_blocks(numbered(5000), groups, options))
    assert list(tmp_path.iterdir()) == []
    assert stream_threads() == []


def test_no_records_open_no_group() -> None:
    house = House()
    parts = [house.part("a", faulty("a")), house.part("b", faulty("b"))]
    assert list(run_blocks([], parts, OPTIONS)) == []
    assert house.opened == []


def test_parts_are_released_by_name_and_neighbours_are_one() -> None:
    released: list[str] = []
    stages = [dataclasses.replace(faulty(name), part=name[0]) for name in ("a1", "a2", "b", "a3")]
    options = replace(OPTIONS, resident="one")
    assert len(list(run_stages(numbered(5), stages, options, release=released.append))) == 5
    assert released == ["a", "b", "a"]


def test_what_cannot_be_loaded_is_an_error_at_the_call() -> None:
    def make() -> Any:
        raise StageError("no such model")

    stages = [dataclasses.replace(faulty("a"), run=None, make=make)]
    with pytest.raises(StageError, match="no such model"):
        run_stages([], stages)
    with pytest.raises(StageError, match="no such model"):
        arun_stages([], stages)
