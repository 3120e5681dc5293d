"""Every fault in every stage of a real job in turn, from reading to writing; models alone are fake."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fake_stages import disk_of, stream_threads
from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import runner
from spanport.api import Engine
from spanport.cli.arguments import projection_encoder
from spanport.cli.files import JobFiles
from spanport.cli.jobs import run_job
from spanport.errors import RecordError, StageError
from spanport.formats import read
from spanport.formats.inputs import Input
from spanport.job import Files
from spanport.options import EncodeOptions, StreamOptions, TranslateOptions
from spanport.steps import steps
from spanport.stream import Stage

COUNT, BAD = 60, "Bruno"
STAGES = ["words", "translate", "tokenize", "encode", "match"]
ENDS = ["read", *STAGES, "write"]
Run = Callable[[Any], Any]
Fault = Callable[[Run], Run]


def exception(run: Run) -> Run:
    """A record that breaks whatever touches it."""
    return when(lambda items: any(BAD in text for text in items), lambda: RecordError("a fault"), run)


def memory(run: Run) -> Run:
    """Too little for a batch of more than three; single records are never the trouble."""
    return when(lambda items: len(items) > 3, MemoryError, run)


def disk(run: Run) -> Run:
    """Full at the bad record, every time."""
    full = OSError(errno.ENOSPC, "No space left on device")
    return when(lambda items: any(BAD in text for text in items), lambda: full, run)


def slow(run: Run) -> Run:
    def late(items: Any) -> Any:
        time.sleep(0.003)
        return run(items)

    return late


def when(bad: Callable[[list[str]], bool], error: Callable[[], Exception], run: Run) -> Run:
    def faulty(items: Any) -> Any:
        if bad([work.target.text for work in items]):
            raise error()
        return run(items)

    return faulty


def with_(stage: Stage, fault: Fault) -> Stage:
    if stage.make is None:
        return replace(stage, run=fault(stage.run))
    make = stage.make
    return replace(stage, make=lambda: fault(make()))


class Job:
    """`spanport label` on fake models, with a fault somewhere."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, monkeypatch
        self.text = folder / "in.txt"
        self.text.write_text("".join(f"{name(i)} vive en Lugo {'hoy ' * (i % 5)}{i}\n" for i in range(COUNT)))

    def run(self, out: str = "out.jsonl", place: str = "", fault: Fault = slow) -> int:
        def with_fault(*args: Any) -> list[Stage]:
            return [with_(s, fault) if s.name == place else s for s in steps(*args)]

        models = FakeModels(FakeEncoder({"Ana": "B-PER", "Bruno": "B-PER"}), FakeTranslator({"vive": "lives"}))
        engine = Engine(
            models,  # type: ignore[arg-type]
            translate=TranslateOptions(batch_tokens=64),
            encode=EncodeOptions(batch_tokens=32),
            stream=StreamOptions(window=32, lookahead=16, linger=None, workers=2),
        )
        inputs = [Input((str(self.text),), "text")]
        files = JobFiles(str(self.folder / out), None, None, fallback="jsonl", inputs=inputs, fresh=False)
        encode = projection_encoder(Files(format="jsonl"))
        records: Iterator[Any] = read(str(self.text), None, "spa_Latn")
        if place == "read":
            records = (fault(lambda row: row[0])([Reading(item)]).item for item in records)
        if place == "write":
            encode = on_one(fault, encode)
        with self.patch.context() as patch:
            patch.setattr(runner, "steps", with_fault)
            return run_job(
                files,
                [(str(self.text), records)],
                build=lambda item: item.sentence,
                encode=encode,
                engine=engine,
                job=engine.job("label", language="spa_Latn", pivot="eng_Latn", files=files.record),
            )

    def bytes(self, out: str = "out.jsonl") -> bytes:
        return (self.folder / out).read_bytes()

    def rejects(self) -> list[dict[str, Any]]:
        path = self.folder / "out.jsonl.rejects.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Reading:
    """A line that was read, shaped as faults expect records."""

    def __init__(self, item: Any) -> None:
        self.item, self.target = item, item.sentence


def on_one(fault: Fault, encode: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    faulty = fault(lambda items: encode(items[0]))
    return lambda projection: faulty([projection])


def name(i: int) -> str:
    return BAD if i == 37 else "Ana"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    made = Job(tmp_path, monkeypatch)
    assert made.run("whole.jsonl") == 0
    assert len(made.bytes("whole.jsonl").splitlines()) == COUNT
    yield made
    assert stream_threads() == []


def without_bad(output: bytes) -> list[bytes]:
    return [line for line in output.splitlines() if BAD.encode() not in line]


@pytest.mark.parametrize("place", [*STAGES, "write"])
def test_a_record_that_breaks_a_stage_is_rejected_and_no_other(job: Job, place: str) -> None:
    assert job.run(place=place, fault=exception) == 1
    assert job.bytes().splitlines() == without_bad(job.bytes("whole.jsonl"))
    assert [(reject["line"], reject["error"]) for reject in job.rejects()] == [(38, "a fault")]


def test_a_mistake_of_ours_is_called_one(
    job: Job, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def mistake(run: Run) -> Run:
        return when(lambda items: any(BAD in text for text in items), lambda: TypeError("len() of None"), run)

    assert job.run(place="match", fault=mistake) == 1
    assert [(reject["line"], reject["reason"]) for reject in job.rejects()] == [(38, "TypeError")]
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "internal error in stage match" in record.getMessage()
    assert "Traceback" in record.getMessage()
    err = capfd.readouterr().err
    assert "1 of these by internal errors" in err
    assert job.run("again.jsonl", place="match", fault=exception) == 1
    assert "internal" not in capfd.readouterr().err


@pytest.mark.parametrize("place", STAGES)
def test_too_little_memory_for_a_batch_costs_time_only(job: Job, place: str) -> None:
    assert job.run(place=place, fault=memory) == 0
    assert job.bytes() == job.bytes("whole.jsonl")


@pytest.mark.parametrize("place", ENDS)
def test_a_slow_stage_changes_nothing(job: Job, place: str) -> None:
    assert job.run(place=place, fault=slow) == 0
    assert job.bytes() == job.bytes("whole.jsonl")


def no_memory(run: Run) -> Run:
    return when(lambda items: any(BAD in text for text in items), MemoryError, run)


@pytest.mark.parametrize(
    ("place", "fault"), [*((end, disk) for end in ENDS), ("read", no_memory), ("write", no_memory)]
)
def test_a_job_that_cannot_go_on_says_so_and_is_completed_by_the_next_run(job: Job, place: str, fault: Fault) -> None:
    with pytest.raises(StageError, match=r"No space left|too little memory"):
        job.run(place=place, fault=fault)
    kept = job.bytes()
    assert job.bytes("whole.jsonl").startswith(kept)
    assert len(kept.splitlines()) >= 16
    assert job.run() == 0
    assert job.bytes() == job.bytes("whole.jsonl")
    assert job.rejects() == []


@pytest.mark.parametrize("place", STAGES)
def test_a_record_that_needs_too_much_memory_is_rejected(job: Job, place: str) -> None:
    assert job.run(place=place, fault=no_memory) == 1
    assert job.bytes().splitlines() == without_bad(job.bytes("whole.jsonl"))
    assert [(reject["line"], reject["reason"]) for reject in job.rejects()] == [(38, "MemoryError")]


def test_a_full_disk_under_the_output_stops_the_job_and_the_next_run_completes_it(job: Job) -> None:
    with disk_of(3000), pytest.raises(StageError, match="cannot write"):
        job.run()
    assert not (job.folder / "out.jsonl").exists()
    assert job.run() == 0
    assert job.bytes() == job.bytes("whole.jsonl")
