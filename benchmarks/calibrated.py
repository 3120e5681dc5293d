"""Fit the calibration of the `calibrated` system on dev data into a bundle, and measure all systems on test data.

    python benchmarks/calibrated.py fit --data DATA --bundle mini
    python benchmarks/calibrated.py test --data DATA --bundle mini

DATA is the folder that holds ``conll-parallel`` (Garcia-Ferrero et al. 2022): native text with gold labels, its
English translation and word alignments. The English side is labelled by the bundle's classifier, its own labels are
not read. For `spanport label` the bundle's own translations of the native text are fitted on as well. Fitting reads
the dev sets only (of Italian, whose dev set the authors cut from the training set, the first 3,000 sentences); native
labels are in no training data of the bundled models.

The systems that translate would take hours on the test sets. They get tables of their own, on every n-th sentence
so that ``--sample`` (``--codec-sample``) of each set remain; all systems are run on these, so that differences are
paired.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from spanport import Engine
from spanport.compare import DataSet, compare_systems, load_set, parse_systems, run_systems, warm_up
from spanport.evaluate import Comparison
from spanport.options import StreamOptions
from spanport.report import markdown_table, render
from spanport.training.calibrating import fit as fit_views
from spanport.training.calibrating import read_views
from spanport_models import calibrate_pipeline

LANGUAGES = ("es", "de", "it")
UNLABELLED = {"it": ("MISC",)}
"""Labels of the classifier that a language's gold standard does not have."""
STREAM = StreamOptions(linger=None)
"""Batches by the input alone, so that figures do not depend on how busy the machine is."""
SYSTEMS = (
    "ngram,ngram:solver=greedy,ngram:score=covered,heuristic,heuristic:threshold=null,easy-label-projection,span-filling,"
    "ner-candidates,aligned-ranges,ensemble,model-transfer,calibrated,calibrated:view=false"
)


TRANSLATING = "ilp:score=nmt,ilp:score=all_fusion,backtranslation"
PIVOTS = {"es": "ita_Latn", "de": "ita_Latn", "it": "spa_Latn"}
"""The second source language of `multi-source`."""


def load(root: Path, code: str, part: str, limit: int) -> DataSet:
    folder = root / "conll-parallel"
    native = "train" if (code, part) == ("it", "dev") else part
    return load_set(
        code,
        str(folder / "original" / f"{code}.{native}.tsv"),
        input_format="conll",
        source=str(folder / f"{code}2en" / f"deepl.{part}.tsv"),
        alignments=str(folder / f"{code}2en" / f"awesome.{part}.pharaoh"),
        swap=True,
        limit=limit or (3000 if (code, part) == ("it", "dev") else 0),
    )


def fit(arguments: argparse.Namespace) -> None:
    with Engine.from_bundle(arguments.bundle, stream=STREAM) as engine:
        sets = [load(arguments.data, code, "dev", arguments.limit) for code in LANGUAGES]
        views = read_views(engine, sets, translates=True, say=tell)
        made = fit_views(views, engine.models.encoder().labels, tell)
        title = f"CoNLL-2002/2003 and Evalita 2009 dev sets ({', '.join(LANGUAGES)})"
        made = msgspec.structs.replace(made, fitted=title)
        written = msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"
        calibrate_pipeline(engine.models.bundle.path, written)
    if arguments.output:
        arguments.output.write_bytes(written)


def tell(line: str) -> None:
    print(line, flush=True)


def sample(data: DataSet, size: int) -> DataSet:
    """Every n-th sentence, so that at most ``size`` are left."""
    step = max(1, -(-len(data.gold) // size))
    return data._replace(
        title=f"{data.title}, sample", gold=data.gold[::step], pairs=data.pairs and data.pairs[::step]
    )


def summary(comparisons: Sequence[Comparison]) -> list[dict[str, str]]:
    """F1 with its interval by system and data set, and the calibration error of `calibrated`."""
    rows: dict[str, dict[str, str]] = {}
    errors = {"system": "ECE of calibrated"}
    for comparison in comparisons:
        for system in comparison.systems:
            name = system.name.split("[")[0].removesuffix(":pivots=")
            f1, low, high = (100 * value for value in (system.f1.value, system.f1.low, system.f1.high))
            row = rows.setdefault(name, {"system": name})
            row[comparison.title] = f"{f1:.1f} ({low:.1f}-{high:.1f})"
            if name == "calibrated":
                errors[comparison.title] = f"{system.reliability.ece:.3f}"
    return [*rows.values(), errors]


def test(arguments: argparse.Namespace) -> None:
    done: list[Comparison] = []

    def run(engine: Engine, code: str, dataset: DataSet, systems: str) -> None:
        outcomes = run_systems(engine, dataset, parse_systems(systems), label_source=True)
        done.append(compare_systems(dataset, outcomes, ignore=UNLABELLED.get(code, ())))
        print(f"\n## {done[-1].title}: {done[-1].sentences} sentences\n", flush=True)
        print(markdown_table(done[-1].to_rows()), flush=True)

    with Engine.from_bundle(arguments.bundle, stream=STREAM) as engine:
        warm_up(engine, parse_systems(arguments.systems))
        for code in LANGUAGES:
            dataset = load(arguments.data, code, "test", arguments.limit)
            run(engine, code, dataset, arguments.systems)
            further = f'{TRANSLATING},multi-source:pivots=["{PIVOTS[code]}"]'
            for size, more in ((arguments.sample, further), (arguments.codec_sample, "codec")):
                if size:
                    run(engine, code, sample(dataset, size), f"{arguments.systems},{more}")
    by_size: dict[int, list[Comparison]] = {}
    for number, comparison in enumerate(done):
        by_size.setdefault(number % (len(done) // len(LANGUAGES)), []).append(comparison)
    for comparisons in by_size.values():
        print(f"\n{markdown_table(summary(comparisons))}")
    if arguments.html:
        arguments.html.write_text(render(done, "Projection from English, native CoNLL test sets"), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("fit", "test"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", default="mini")
    parser.add_argument("--systems", default=SYSTEMS)
    parser.add_argument("--sample", type=int, default=40, help="sentences for systems that translate; 0 for none")
    parser.add_argument(
        "--codec-sample", type=int, default=12, help="sentences for codec, some seconds each; 0: none"
    )
    parser.add_argument("--limit", type=int, default=0, help="sentences of each set")
    parser.add_argument("--output", type=Path, help="further file to write the calibration to, besides the bundle")
    parser.add_argument("--html", type=Path, help="page that test writes")
    arguments = parser.parse_args()
    (fit if arguments.step == "fit" else test)(arguments)


if __name__ == "__main__":
    main()
