"""`spanport export` on a tiny random model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra spanport[export]")

import tiny_models

LABELS = "O,B-PER,I-PER,B-ORG,I-ORG"


def test_labels_length_and_scored_file(cli: Callable[..., Any], tmp_path: Path) -> None:
    source = tiny_models.xlm_roberta(tmp_path / "source")
    gold = tmp_path / "gold.conll"
    gold.write_text("Ana B-PER\nvive O\n\nOslo B-ORG\n", "utf8")
    out = tmp_path / "bundle"
    options = ("--layer", 2, "--labels", LABELS, "--max-length", 20, "--conll", gold, "--languages", "es")
    ran = cli("export", "encoder", source, out, *options)
    assert ran.code == 0, ran.err
    assert "F1, original and export" in ran.out + ran.err
    manifest = json.loads((out / "manifest.json").read_text("utf8"))
    assert (manifest["labels"], manifest["max_length"], manifest["layer"]) == (LABELS.split(","), 20, 2)
    assert manifest["languages"] == ["spa_Latn"]
    again = cli("export", "encoder", source, out, *options)
    assert "nothing to do" in again.out + again.err


def test_an_unknown_precision_names_those_there_are(cli: Callable[..., Any], tmp_path: Path) -> None:
    ran = cli("export", "encoder", tmp_path, tmp_path / "out", "--precision", "int4")
    assert ran.code == 2
    assert "expected int8, fp32 or fp16" in ran.err


def test_a_shortlist_is_read_from_a_text(cli: Callable[..., Any], tmp_path: Path) -> None:
    source = tiny_models.m2m100(tmp_path / "source")
    text = tmp_path / "english.txt"
    text.write_text("Oslo sleeps\n" * 3, "utf8")
    ran = cli(
        "export",
        "translator",
        source,
        tmp_path / "bundle",
        "--shortlist",
        text,
        "--shortlist-language",
        "en",
        "--keeps-tags",
    )
    assert ran.code == 0, ran.err
    assert "into eng_Latn it writes" in ran.out + ran.err
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text("utf8"))
    assert (manifest["shortlist"], manifest["keeps_tags"]) == ("eng_Latn", True)
    for content, message in ((b"\n", "it is empty"), (b"caf\xe9\n", "expected a text in UTF-8")):
        text.write_bytes(content)
        ran = cli("export", "translator", source, tmp_path / "other", "--shortlist", text)
        assert ran.code == 2
        assert message in " ".join(ran.err.split())
    missing = cli("export", "translator", source, tmp_path / "other", "--shortlist", tmp_path / "englisch.txt")
    assert missing.code == 2
    assert "englisch.txt" in missing.err


def test_a_pipeline_of_bundles_says_memory_and_licence(cli: Callable[..., Any], tmp_path: Path) -> None:
    recorded = Path(__file__).parents[2] / "models" / "recorded"
    given = ("--encoder", recorded / "encoder", "--translator", recorded / "translator")
    ran = cli("export", "pipeline", tmp_path / "mine", *given)
    assert ran.code == 0, ran.err
    assert "memory needed" in ran.out + ran.err
    assert (tmp_path / "mine" / "translator" / "model.bin").is_file()
    again = cli("export", "pipeline", tmp_path / "mine", *given)
    assert "nothing to do" in again.out + again.err
    refused = cli("export", "pipeline", tmp_path / "other", *given[:2], "--translator", "nllb-600m", "--commercial")
    assert refused.code == 3
    assert "under the licence 'CC-BY-NC-4.0'" in " ".join(refused.err.split())
