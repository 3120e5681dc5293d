"""A pair of parallel files for commands, and what is read of their outputs."""

from __future__ import annotations

import json
from pathlib import Path

SOURCE = "Ana B-PER\nRuiz I-PER\nlives O\nin O\nSeville B-LOC\n\nAna B-PER\narrives O\n\n"
TARGET = "Ana Ruiz vive en Sevilla\nllega Ana\n"
LINKS = "0-0 1-1 2-2 3-3 4-4\n0-1 1-0\n"
LABELLED = "Ana\tB-PER\nRuiz\tI-PER\nvive\tO\nen\tO\nSevilla\tB-LOC\n\nllega\tO\nAna\tB-PER\n\n"


def project(folder: Path, *more: object) -> list[object]:
    base = ["project", "--source", folder / "en.conll", "--target", folder / "es.txt", "--target-lang", "es"]
    return [*base, "-o", folder / "out.conll", *more]


def rejects(folder: Path, name: str = "out.conll") -> list[dict]:
    return [json.loads(line) for line in (folder / f"{name}.rejects.jsonl").read_text().splitlines()]
