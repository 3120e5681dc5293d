"""From a benchmark's document to machines and hours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from spanport.bench import Bench
from spanport.bench.measure import Latency, Timing
from spanport.bench.plan import ADVICE, plan, read_bench
from spanport.cli import console
from spanport.cli.app import run
from spanport.errors import UsageError
from spanport.stream import Snapshot

BENCH = Bench(
    **dict.fromkeys(("rejects", "tokens", "translate_batch_tokens", "encode_batch_tokens", "lookahead"), 0),
    **dict.fromkeys(("cpu_ratio", "wall_ratio", "outside_share", "tokens_per_s", "sentences_per_cpu_s"), 0.0),
    **dict.fromkeys(("translate_padding_share", "encode_padding_share", "sentences_per_s"), 0.0),
    bundle="mini",
    language="spa_Latn",
    sentences=100,
    workers=1,
    rounds=1,
    translate=Timing(9.0, 0.2),
    encode=Timing(9.0, 0.7),
    bare=Timing(9.0, 0.9),
    engine=Timing(9.0, 1.0),
    latency=Latency(1.0, 1.0, 1.0),
    stats=Snapshot(1.0, 100, 0, 700_000_000, ()),
)


def test_hours_are_cpu_time_over_cores() -> None:
    made = plan(BENCH, sentences=36_000_000, cores=10, machines=5, busy=0.5, price=2.0)
    assert [(s.name, round(s.cpu_ms, 6), round(s.core_hours, 6)) for s in made.stages] == [
        ("translate", 2.0, 20.0),
        ("encode", 7.0, 70.0),
        ("all else", 1.0, 10.0),
    ]
    assert (made.cpu_ms, made.core_hours) == pytest.approx((10.0, 100.0))
    assert (made.machine_hours, made.hours, made.cost) == pytest.approx((20.0, 4.0, 40.0))
    assert made.dominant == "encode"
    assert sum(stage.share for stage in made.stages) == pytest.approx(1.0)


def test_bare_loops_that_took_longer_than_the_engine_leave_nothing_else() -> None:
    made = plan(msgspec.structs.replace(BENCH, engine=Timing(9.0, 0.8)), sentences=100, cores=1)
    assert made.stages[2].cpu_ms == 0.0
    assert made.cost is None


def test_every_stage_has_its_advice() -> None:
    assert set(ADVICE) == {stage.name for stage in plan(BENCH, sentences=1, cores=1).stages}


def test_a_document_that_is_none() -> None:
    with pytest.raises(UsageError, match=r"expected what `spanport bench --json` prints: .*bench"):
        read_bench(b"{}")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bench.json"
    path.write_bytes(msgspec.json.encode({"bench": BENCH, "sweep": []}))

    def call(*words: str) -> tuple[int, Any]:
        console.stdout.cache_clear()
        console.stderr.cache_clear()
        monkeypatch.setattr("sys.argv", ["spanport", "plan", *words])
        return run(), capfd.readouterr()

    code, printed = call(str(path), "--sentences", "1e9", "--machines", "20", "--busy", "1", "--price", "3")
    assert code == 0
    assert "1,000,000,000 sentences" in printed.out
    assert "2,778" in printed.out  # core hours: 10 ms each
    assert "43 machine hours, 130.21 in all, 0.7 GB of memory each" in printed.err
    assert "encode dominates" in printed.err
    code, printed = call(str(path), "--json")
    assert json.loads(printed.out)["sentences"] == 1_000_000_000
    code, printed = call(str(tmp_path / "none.json"))
    assert code == 2
    assert "none.json cannot be read: No such file" in printed.err
