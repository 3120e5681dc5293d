"""Train taggers by every method and print the tables of docs/training.md.

    python benchmarks/training.py run --data DATA --base HF_FOLDER --bundle BUNDLE --work DIR [--table low-resource]
    python benchmarks/training.py print

``run`` trains what is not in ``benchmarks/results/training.jsonl`` yet, one row a language, method and variant, and
adds it there: a run that was stopped goes on, in the middle of a training too. ``print`` needs no data: it prints the
tables from those rows, with published figures beside ours.

DATA holds ``conll-parallel`` (CoNLL 2002/2003), ``masakhaner2`` and ``lafand`` (Adelani et al. 2022). Nothing is
chosen on labels of a target language; test sets are scored once.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

import spanport
from spanport.report import markdown_table
from spanport.training import LessonOptions
from spanport_models.training.options import TrainOptions

RESULTS = Path(__file__).parent / "results" / "training.jsonl"
DROPPED = ("DATE", "MISC")
PUBLISHED = {
    "low-resource": {  # arXiv 2501.18750
        "published: XLM-R large, model transfer": {
            "hau": 0.737, "yor": 0.322, "lug": 0.616, "tsn": 0.485, "twi": 0.464, "swa": 0.877,
        },
        "published: NLLB-3.3B, labels projected": {
            "hau": 0.723, "yor": 0.509, "lug": 0.808, "tsn": 0.822, "twi": 0.746, "swa": 0.801,
        },
    },
    "conll": {  # with mBERT: arXiv 2004.12440, 2106.02300 and UniTrans
        "published: mBERT, fine-tuned on English": {"es": 0.7512, "de": 0.7259},
        "published: mBERT, teacher": {"es": 0.7694, "de": 0.7322},
        "published: mBERT, advpicker": {"es": 0.7900, "de": 0.7501},
        "published: mBERT, unitrans": {"es": 0.7931, "de": 0.7482},
    },
}  # fmt: skip


class Variant(NamedTuple):
    """A method with what is set for it; ``name`` is what tables call it."""

    name: str
    method: str
    options: Mapping[str, Any] = MappingProxyType({})
    lessons: Mapping[str, Any] = MappingProxyType({})


VARIANTS = {
    "low-resource": (
        Variant("direct", "direct"),
        Variant("projected", "projected", {"sources": False}),
        Variant("self", "self", {"sources": False}),
        Variant("self, hard labels", "self", {"sources": False, "hard": True}),
        Variant("self, no mask", "self", {"sources": False}, {"mask": False}),
        Variant("self, no weights", "self", {"sources": False}, {"weigh": False}),
    ),
    "conll": tuple(
        Variant(name, name) for name in ("direct", "teacher", "unitrans", "advpicker", "concner", "colada", "self")
    ),
}
LANGUAGES = {"low-resource": ("lug", "swa", "yor", "hau", "tsn", "twi"), "conll": ("es", "de")}


class Row(msgspec.Struct, frozen=True):
    """One training: F1 on the test set in float by seed, of the int8 bundle, and what it took."""

    table: str
    language: str
    name: str
    f1: dict[str, float]
    low: float
    high: float
    int8: float
    minutes: float
    epochs: float
    base: str
    digest: str


def rows() -> list[Row]:
    if not RESULTS.exists():
        return []
    return [msgspec.json.decode(line, type=Row) for line in RESULTS.read_bytes().splitlines()]


def inputs(data: Path, table: str, language: str, work: Path) -> dict[str, Any]:
    """What `spanport.train` is given for a language of a table."""
    english = str(data / "conll-parallel" / "original" / "en.train.tsv")
    if table == "conll":
        native = data / "conll-parallel" / "original"
        return {
            "labelled": [english],
            "text": _copy(native / f"{language}.train.tsv", work / f"{language}.conll"),
            "test": _copy(native / f"{language}.test.tsv", work / f"{language}.test.conll"),
        }
    pair = data / "lafand" / f"en-{language}"
    return {
        "labelled": [english],
        "parallel": tuple(
            str(_copy(pair / f"train.{side}", work / f"{language}-{side}.txt")) for side in ("en", language)
        ),
        "test": _copy(data / "masakhaner2" / language / "test.txt", work / f"{language}.test.conll"),
        "drop_labels": DROPPED,
    }


def _copy(source: Path, target: Path) -> Path:
    """The file under a name that says its format."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


def run(arguments: argparse.Namespace) -> None:
    done = {(row.table, row.language, row.name) for row in rows()}
    for table, language, variant in wanted(arguments):
        if (table, language, variant.name) in done:
            continue
        print(f"== {table}, {language}, {variant.name}", flush=True)
        given = inputs(arguments.data, table, language, arguments.work / "inputs")
        if variant.method == "direct":  # what is not read need not be there
            given = {name: value for name, value in given.items() if name not in ("text", "parallel")}
        tagger = spanport.train(
            lang=language,
            out=arguments.work / f"{table}-{language}-{variant.name.replace(', ', '-').replace(' ', '-')}",
            method=variant.method,
            method_options=variant.options,
            lessons=LessonOptions(**variant.lessons),
            base=arguments.base,
            bundle=arguments.bundle,
            options=TrainOptions(epochs=arguments.epochs, budget=arguments.budget, seeds=tuple(arguments.seeds)),
            progress=lambda line: print(line, flush=True),
            **given,
        )
        _add(table, language, variant.name, tagger.report)


def _add(table: str, language: str, name: str, report: Any) -> None:
    test = report.figures[str(report.seed)]["test"]
    row = Row(
        table,
        language,
        name,
        {seed: round(own["test"].f1, 4) for seed, own in report.figures.items()},
        round(test.low, 4),
        round(test.high, 4),
        round(report.exported["test"].f1, 4),
        round(sum(report.seconds.values()) / 60, 1),
        round(report.plan["epochs"], 2),
        report.base,
        report.digest[:12],
    )
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("ab") as file:
        file.write(msgspec.json.encode(row) + b"\n")


def wanted(arguments: argparse.Namespace) -> Iterator[tuple[str, str, Variant]]:
    for table in arguments.table:
        for variant in VARIANTS[table]:
            for language in arguments.languages or LANGUAGES[table]:
                if not arguments.methods or variant.name in arguments.methods:
                    yield table, language, variant


def show() -> None:
    found = rows()
    for table in VARIANTS:
        here = [row for row in found if row.table == table]
        names = [variant.name for variant in VARIANTS[table] if any(row.name == variant.name for row in here)]
        languages = [code for code in LANGUAGES[table] if any(row.language == code for row in here)]
        if not here:
            continue
        lines = [(name, {code: _cell(here, name, code) for code in languages}) for name in names]
        for name, published in PUBLISHED[table].items():
            lines.append((name, {code: f"{published[code]:.3f}" for code in languages}))
        print(f"\n{table}: F1 on the test set (least to most of the seeds), minutes of one thread\n")
        print(markdown_table([{"method": name, **cells} for name, cells in lines]))


def _cell(here: list[Row], name: str, language: str) -> str:
    row = next((row for row in here if (row.name, row.language) == (name, language)), None)
    if row is None:
        return ""
    scores = sorted(row.f1.values())
    spread = f" ({scores[0]:.3f} to {scores[-1]:.3f})" if len(scores) > 1 else ""
    return f"{sum(scores) / len(scores):.3f}{spread}, {row.minutes:.0f} min"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("run", "print"))
    for name in ("data", "base", "bundle", "work"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--table", nargs="+", choices=tuple(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--languages", nargs="+", default=[])
    parser.add_argument("--methods", nargs="+", default=[], help="names of variants; default: all")
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--budget", type=float, default=0.0, help="minutes for each row")
    parser.add_argument("--seeds", nargs="+", type=int, default=[29])
    arguments = parser.parse_args()
    if arguments.task == "run":
        if missing := [name for name in ("data", "base", "bundle", "work") if getattr(arguments, name) is None]:
            parser.error(f"run needs --{missing[0]}")
        run(arguments)
    show()


if __name__ == "__main__":
    main()
