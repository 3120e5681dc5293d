"""Rows of results, and the tables that are made of them; published figures stand beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from spanport.report import markdown_table

Table = tuple[str, str]
TITLES = {
    "english": "The English tagger that others begin from",
    "low-resource": "Low-resource languages, real parallel text: F1 on MasakhaNER 2.0 test, PER ORG LOC",
    "native": "Native text without labels: F1 on CoNLL test",
    "sources": "1, 2, 3, ... source languages: F1 on UNER test sets of languages that none of them is",
    "contrast": "Contrast, out of domain (trained on CoNLL): F1, PER ORG LOC",
    "recall": "Projected labels or more masked pre-training, for the same processor time: Luganda",
    "doubt": "What the use of doubt is worth: one round of `self` on Setswana, without parts of it",
}
PUBLISHED: dict[str, dict[str, dict[str, float]]] = {
    "low-resource": {  # arXiv 2501.18750
        "published: XLM-R large, model transfer": {
            "hau": 0.737, "yor": 0.322, "lug": 0.616, "tsn": 0.485, "twi": 0.464, "swa": 0.877,
        },
        "published: NLLB-3.3B, labels projected": {
            "hau": 0.723, "yor": 0.509, "lug": 0.808, "tsn": 0.822, "twi": 0.746, "swa": 0.801,
        },
    },
    "native": {  # with mBERT: arXiv 2004.12440, 2106.02300 and UniTrans
        "published: mBERT, fine-tuned on English": {"es": 0.7512, "de": 0.7259},
        "published: mBERT, teacher": {"es": 0.7694, "de": 0.7322},
        "published: mBERT, advpicker": {"es": 0.7900, "de": 0.7501},
        "published: mBERT, unitrans": {"es": 0.7931, "de": 0.7482},
    },
}  # fmt: skip


class Row(msgspec.Struct, frozen=True):
    """F1 by test set with the bounds of its 95% interval, and recall; `minutes` of processor time, of training alone;
    `speed` in sentences a CPU second, where it was measured."""

    table: str
    name: str
    language: str
    seed: int
    f1: dict[str, tuple[float, float, float]]
    words: int
    minutes: float
    base: str
    recall: dict[str, float] = {}
    speed: float = 0.0


def read_rows(path: Path) -> list[Row]:
    """The rows of a file; none where there is no file."""
    return [msgspec.json.decode(line, type=Row) for line in path.read_bytes().splitlines()] if path.exists() else []


def tables_of(rows: Sequence[Row]) -> str:
    """All tables as Markdown, and how long they took."""
    parts = []
    for table, title in TITLES.items():
        if here := [row for row in rows if row.table == table]:
            parts.append(f"### {title}\n\n{table_of(table, here).strip()}")
    trained = [row for row in rows if row.words]
    hours = sum(row.minutes for row in trained) / 60
    return "\n\n".join([*parts, f"{len(trained)} trainings, {hours:.1f} hours of processor time."]) + "\n"


def curve_of(rows: Sequence[Row]) -> dict[str, list[tuple[int, float]]]:
    """Mean F1 over test sets and seeds by number of sources, a line for each way of using them."""
    found: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        if row.table == "sources" and row.name[0].isdigit():
            count, _, name = row.name.replace(":", ",", 1).partition(",")
            line = name.strip() if "teacher" in name or "adversarial" in name else "all together"
            for test, (f1, _, _) in row.f1.items():
                found.setdefault(f"{line}, {test}", {}).setdefault(int(count), []).append(f1)
    return {
        line: [(count, sum(values) / len(values)) for count, values in sorted(own.items())]
        for line, own in found.items()
    }


def table_of(table: str, rows: Sequence[Row]) -> str:
    """One table: a line for each method with the words that it passed over, a column for each test set, and the mean
    where all are there; recall where that is the question, and sentences a CPU second where they were counted."""
    tests = list(dict.fromkeys(test for row in rows for test in row.f1))
    one_set = len({test.partition("/")[0] for test in tests}) == 1
    lines = []
    for name in dict.fromkeys(row.name for row in rows):
        own = [row for row in rows if row.name == name]
        found = {test: sorted(row.f1[test][0] for row in own if test in row.f1) for test in tests}
        lines.append(_line(name, found, own[0].words) | _further(table, own, any(row.speed for row in rows)))
    for name, published in PUBLISHED.get(table, {}).items():
        known = {test: [published[code]] for test in tests if (code := test.rpartition("/")[2]) in published}
        lines.append(_line(name, known, None, tests))
    return markdown_table([{_title(key) if one_set else key: cell for key, cell in line.items()} for line in lines])


def _further(table: str, own: Sequence[Row], timed: bool) -> dict[str, str]:
    cells = {}
    if table == "recall":
        cells["recall"] = _cell(sorted(value for row in own for value in row.recall.values()))
    if timed:
        speeds = [row.speed for row in own if row.speed]
        cells["sentences per second"] = f"{sum(speeds) / len(speeds):.0f}" if speeds else ""
    return cells


def _title(test: str) -> str:
    return test.rpartition("/")[2]


def _line(
    name: str, found: dict[str, list[float]], words: int | None, tests: Sequence[str] | None = None
) -> dict[str, str]:
    cells = {"": name}
    for test in tests or found:
        cells[test] = _cell(found.get(test, []))
    means = [sum(values) / len(values) for values in found.values() if values]
    if len(found) > 1:
        cells["mean"] = f"{sum(means) / len(means):.3f}" if len(means) == len(tests or found) else ""
    cells["words"] = "" if words is None else f"{words:,}"
    return cells


def _cell(values: Sequence[float]) -> str:
    """The mean of the seeds, and from where to where they go."""
    if not values:
        return ""
    spread = f" ({values[0]:.3f} to {values[-1]:.3f})" if len(values) > 1 else ""
    return f"{sum(values) / len(values):.3f}{spread}"
