"""`spanport bench` on fake runtimes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtimes import bench_models
from spanport import models
from spanport.api import Engine


@pytest.fixture(autouse=True)
def runtimes(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def make(name: str = "mini", *, device: str, threads: int, **options: Any) -> Engine:
        return Engine(bench_models(), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "from_bundle", make)
    monkeypatch.setattr(models, "Models", lambda *args, **options: bench_models())


def test_a_column_of_a_table(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "news.csv").write_text("id,body\n1,una casa\n2,otra casa\n")
    ran = cli("bench", tmp_path / "news.csv", "--text-column", "body", "--rounds", 1, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["bench"]["sentences"] == 2


def test_several_files_and_beams(cli: Callable[..., Any], tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("una casa\n")
    for given in ([tmp_path / "a.txt", tmp_path / "b.txt"], [tmp_path]):
        ran = cli("bench", *given, "--rounds", 1, "--beam-size", 2, "--json")
        assert ran.code == 0, ran.err
        assert json.loads(ran.out)["bench"]["sentences"] == 2


def test_figures_of_generated_text(cli: Callable[..., Any]) -> None:
    ran = cli("bench", "--sentences", 30, "--rounds", 1)
    assert ran.code == 0
    assert "CPU time" in ran.out
    assert "sentences/s" in ran.err
    assert "padding: translator" in ran.err


def test_its_file_is_what_plan_reads(cli: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    assert cli("bench", "--sentences", 30, "--rounds", 1, "-o", out).code == 0
    ran = cli("plan", out, "--sentences", "1e6")
    assert ran.code == 0
    assert "1,000,000 sentences" in ran.out
    again = cli("bench", "--sentences", 30, "--rounds", 1, "-o", out)
    assert again.code == 2
    assert "is there already" in again.err


def test_json_and_plot_of_a_file(cli: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "news.txt"
    source.write_text("Ana vive en Sevilla\n\nuno dos tres\ncuatro\n", "utf8")
    page = tmp_path / "plot.html"
    ran = cli("bench", source, "--lang", "es", "--sentences", 2, "--rounds", 1, "--json", "--plot", page)
    assert ran.code == 0
    document = json.loads(ran.out)
    assert document["bench"]["sentences"] == 2
    assert {point["batch_tokens"] for point in document["sweep"]} >= {256, 4096}
    assert page.read_text("utf8").count("<circle") == len(document["sweep"])


def test_tune_names_options(cli: Callable[..., Any]) -> None:
    ran = cli("bench", "--sentences", 4, "--rounds", 1, "--tune")
    assert ran.code == 0
    assert "best here: --threads" in ran.err


@pytest.mark.parametrize("arguments", [("--lang", "tpi_Latn"), ("empty.txt",)])
def test_no_text_to_measure_on(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.txt").write_text("\n\n")
    ran = cli("bench", *arguments)
    assert ran.code == 2
    assert "text" in ran.err


def test_a_plot_that_cannot_be_drawn_is_an_error_before_the_work(cli: Callable[..., Any], tmp_path: Path) -> None:
    ran = cli("bench", "--plot", tmp_path / "nodir" / "plot.html")
    assert (ran.code, "nodir is no folder" in ran.err, ran.out) == (2, True, "")
