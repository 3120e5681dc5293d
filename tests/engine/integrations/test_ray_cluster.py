"""Jobs on a Ray cluster of two machines, one worker of which dies on the way; clusters that do not answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanport import Engine
from spanport.cli import console
from spanport.cli.app import run
from spanport.integrations.ray import Label
from spanport.integrations.ray_job import LabelPart, connect

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")


NAMES = ("María Castaño", "Iván Robles", "Nora Quiroga", "Angela Merkel")
PLACES = ("Toledo", "Quito", "Berlín", "Bogotá")


@pytest.mark.slow
@pytest.mark.parametrize("listens", [False, True])
def test_a_cluster_that_does_not_answer(tmp_path: Path, listens: bool) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["Ana vive"]}), tmp_path / "in.parquet")
    with socket.socket() as head:
        head.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{head.getsockname()[1]}"
        if listens:
            head.listen()
        words = ["label", "in.parquet", "--lang", "es", "--ray", address, "-o", "out"]
        command = [sys.executable, "-m", "spanport", *words]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 3
    assert f"error: the Ray cluster '{address}' does not answer" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.slow
def test_this_machine_alone(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["María Castaño llegó ayer a Lima."]}), tmp_path / "in.parquet")
    words = ["label", "in.parquet", "--lang", "es", "--ray", "local", "--threads", "1", "-o", "out"]
    ran = subprocess.run(
        [sys.executable, "-m", "spanport", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    (row,) = pq.read_table(tmp_path / "out").to_pylist()
    assert ("PER", "María Castaño") in [(span["label"], span["text"]) for span in row["spans"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "-"], "--ray writes a folder of Parquet files: name it with -o"),
        (["-o", "out", "--rejects", "bad.jsonl"], "--rejects bad.jsonl: with --ray Parquet goes in and out"),
        (["-o", "out", "--to", "jsonl"], "--to jsonl: with --ray Parquet goes in and out"),
    ],
)
def test_options_that_a_cluster_has_not(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    console.stderr.cache_clear()
    monkeypatch.setattr(sys, "argv", ["spanport", "label", "in.parquet", "--lang", "es", "--ray", "local", *words])
    assert run() == 2
    assert message in capfd.readouterr().err


class Mortal(Label):
    """Dies on row 100, once."""

    def __call__(self, batch: Any) -> Any:
        if 100 in batch.column("row").to_pylist():
            die_once()
        return super().__call__(batch)


class MortalPart(LabelPart):
    """Dies when its third part is labelled but not written, once."""

    def _made(self, part: Any) -> Any:
        if part.name == "part-0000002.parquet":
            write = self.out.write

            def killed(name: str, table: Any) -> None:
                (Path(self.out.path) / f".{name}.torn").write_bytes(b"PAR1")
                die_once()
                write(name, table)

            self.out.write = killed  # type: ignore[method-assign]
        return super()._made(part)


def die_once() -> None:
    try:
        os.close(os.open(os.environ["SPANPORT_TEST_DIED"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of two machines of two cores each."""
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    from ray.cluster_utils import Cluster

    died = tmp_path_factory.mktemp("ray") / "died"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPANPORT_TEST_DIED", str(died))
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "object_store_memory": 100_000_000})
        made.add_node(num_cpus=2, object_store_memory=100_000_000)
        ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
        try:
            yield made.address
        finally:
            ray.shutdown()
            made.shutdown()


@pytest.fixture
def died(cluster: str) -> Iterator[Path]:
    """Made by the worker that dies."""
    path = Path(os.environ["SPANPORT_TEST_DIED"])
    path.unlink(missing_ok=True)
    yield path
    assert path.exists(), "no worker died"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight Parquet files of 25 rows, one row of which fails."""
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("corpus")
    rows = [{"row": i, "text": f"{NAMES[i % 4]} viajó a {PLACES[i // 4 % 4]} con {i} amigos."} for i in range(1, 201)]
    rows[41]["text"] = None
    for part in range(8):
        table = pa.Table.from_pylist(rows[25 * part : 25 * part + 25])
        pq.write_table(table, folder / f"news-{part}.parquet")
    return folder


@pytest.fixture(scope="module")
def alone(corpus: Path) -> list[dict[str, Any]]:
    """The rows as one process labels them."""
    import pyarrow.parquet as pq

    with Engine.from_bundle("mini", threads=1) as engine:
        rows: list[dict[str, Any]] = Label(engine, lang="es")(pq.read_table(corpus)).to_pylist()
    assert sum(len(row["spans"] or ()) for row in rows) > 150
    return rows


@pytest.mark.slow
def test_a_worker_that_dies_costs_nothing(
    cluster: str, died: Path, corpus: Path, alone: list[dict[str, Any]]
) -> None:
    ray = pytest.importorskip("ray")
    connect(cluster)
    data = ray.data.read_parquet(sorted(map(str, corpus.glob("*"))))
    labelled = data.map_batches(
        Mortal,
        fn_constructor_kwargs={"lang": "es"},
        batch_format="pyarrow",
        batch_size=10,
        compute=ray.data.ActorPoolStrategy(size=2),
        num_cpus=1,
    )
    rows = sorted(labelled.take_all(), key=lambda row: row["row"])
    assert rows == alone


@pytest.mark.slow
def test_the_command_on_a_cluster(
    cluster: str,
    died: Path,
    corpus: Path,
    alone: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    import pyarrow.parquet as pq

    from spanport.integrations import ray_job

    def cli(*arguments: object) -> tuple[int, str]:
        console.stderr.cache_clear()
        monkeypatch.setattr(sys, "argv", ["spanport", *map(str, arguments)])
        return run(), capfd.readouterr().err

    monkeypatch.setattr(ray_job.run_parts, "__defaults__", (MortalPart,))
    out = tmp_path / "out"
    command = ("label", corpus / "*.parquet", "--lang", "es", "--ray", cluster, "-o", out)
    code, err = cli(*command)
    assert code == 1, err
    assert "8 parts, 2 actors of 2 cores" in err
    assert "1 failed: the column 'error' says why" in err
    assert sorted(path.name for path in out.iterdir()) == [
        "_spanport.json",
        *(f"part-{i:07d}.parquet" for i in range(8)),
    ]
    rows = pq.read_table(out).to_pylist()
    assert [(row["source_file"], row["source_row"]) for row in rows] == [
        (str(corpus / f"news-{i // 25}.parquet"), i % 25 + 1) for i in range(200)
    ]
    ours = [{name: row[name] for name in alone[0]} for row in rows]
    assert ours == alone

    third = out / "part-0000003.parquet"
    written = third.read_bytes()
    third.unlink()
    code, err = cli(*command)
    assert "going on after 7 of 8 parts" in err
    assert "25 records" in err
    assert third.read_bytes() == written
    code, err = cli(*command, "--min-confidence", "0.5")
    assert code == 3
    assert "min_confidence was 0.0, not 0.5" in err
