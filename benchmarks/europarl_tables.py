"""The heuristic and integer-program tables of Shkalikov's thesis on Europarl-NER, next to the published figures.

    python benchmarks/europarl_tables.py --data DATA --bundle mini [--aligner awesome] [--nmt 200] [--quick]

DATA is the folder that holds ``europarl-ner`` (Agerri et al. 2018): gold English entities are projected onto the
parallel German and Spanish sentences. The published figures come from un-tuned mBERT alignments, an mDeBERTa
classifier and NLLB-3.3B or 600M; ours from the bundle, so that orderings of settings are what to compare.
Labels are those of the data, MISC included; order, collision and top-k are those of the presets.

The rows with translation scores are slow: they get a second table, with the other rows of the integer program, on
every n-th sentence so that ``--nmt`` of them remain. For nmt >= 0 every n-gram is scored, 2 to 3 CPU seconds a
sentence; ``--quick`` leaves it out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from spanport import Engine, Sentence
from spanport.compare import collect_works, load_set
from spanport.evaluate import count_entities
from spanport.options import StreamOptions
from spanport.report import markdown_table
from spanport.systems.base import make_system, run_system
from spanport.systems.tools import Tools
from spanport.work import Work

LANGUAGES = ("de", "es")
STREAM = StreamOptions(linger=None)
"""Batches by the input alone, so that figures do not depend on how busy the machine is."""
Figures = Mapping[str, tuple[float, ...]]
HEURISTIC: Figures = {
    "thesis-1": (0.819, 0.903),
    "thesis-2": (0.912, 0.858),
    "thesis-3": (0.916, 0.875),
    "thesis-4": (0.819, 0.903),
    "thesis-5": (0.815, 0.885),
    "thesis-6": (0.886, 0.816),
    "thesis-7": (0.899, 0.847),
    "thesis-8": (0.815, 0.886),
    "thesis-9": (0.896, 0.819),
    "thesis-10": (0.814, 0.873),
    "thesis-11": (0.875, 0.763),
}
"""F1 of the presets, German and Spanish."""
ILP: Mapping[tuple[str, str, str], tuple[float, ...]] = {
    ("align", "<= 1", "greedy"): (0.920, 0.883),
    ("align", "<= 1", "exact"): (0.921, 0.883),
    ("align", "= 1", "greedy"): (0.920, 0.883),
    ("align", "= 1", "exact"): (0.918, 0.883),
    ("align", "<= 2", "greedy"): (0.920, 0.883),
    ("align", "<= 2", "exact"): (0.650, 0.488),
    ("align", ">= 1", "greedy"): (0.908, 0.863),
    ("align", ">= 1", "exact"): (0.569, 0.417),
    ("ner", "<= 1", "greedy"): (0.713, 0.739),
    ("ner", "<= 1", "exact"): (0.714, 0.734),
    ("ner", "= 1", "greedy"): (0.713, 0.739),
    ("ner", "= 1", "exact"): (0.670, 0.706),
    ("nmt", "<= 1", "greedy"): (0.876, 0.906),
    ("nmt", "<= 1", "exact"): (0.886, 0.916),
    ("nmt", "= 1", "greedy"): (0.876, 0.906),
    ("nmt", "= 1", "exact"): (0.886, 0.916),
    ("nmt", ">= 0", "greedy"): (0.233, 0.315),
    ("nmt", ">= 0", "exact"): (0.180, 0.220),
}
"""F1 of the integer program: score, spans per entity, solver; n-gram candidates of at most 10 words."""
TRANSFER: Figures = {"model-transfer": (0.621, 0.653)}


def load(engine: Engine, root: Path, language: str, limit: int) -> tuple[list[Sentence], list[Work]]:
    """Gold sentences and works, with links and the classifier's view of the target, from one encoder pass."""
    folder = root / "europarl-ner"
    data = load_set(
        language,
        str(folder / f"{language}.test.conll02"),
        input_format="conll",
        source=str(folder / "en.test.conll02"),
        limit=limit,
    )
    kept, works = collect_works(engine, data)
    return kept.gold, works


def options_of(score: str, constraint: str, solver: str) -> dict[str, Any]:
    """Options of `ilp` for a row of its table."""
    relation, count = constraint.split()
    options = {"score": score, "relation": relation, "count": int(count), "solver": solver}
    return {**options, "nmt_prune": False} if relation == ">=" else options  # nearly every n-gram can be chosen


class Remembering:
    """Models whose translator scores nothing twice, so that rows with the same score share its cost."""

    def __init__(self, models: Any) -> None:
        self._models, self._known = models, dict[tuple[str, str, str, str], Any]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._models.translator() if name == "tokenize" else self._models, name)

    def translator(self) -> Any:
        """Itself."""
        return self

    def score(self, sources: Sequence[str], targets: Sequence[str], given: str, wanted: str) -> list[Any]:
        """As the translator's own."""
        keys = [(source, target, given, wanted) for source, target in zip(sources, targets, strict=True)]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        if new:
            texts = [key[0] for key in new], [key[1] for key in new]
            found = self._models.translator().score(*texts, given, wanted)
            self._known.update(zip(new, found, strict=True))
        return [self._known[key] for key in keys]


def systems(nmt: bool, quick: bool) -> tuple[dict[str, Any], dict[str, tuple[float, ...]]]:
    """Name and options of the system behind each row, and the published figures; with ``nmt`` those that it joins."""
    rows: dict[str, Any] = {} if nmt else {name: ("heuristic", {"preset": name}) for name in HEURISTIC}
    published = {**HEURISTIC, **TRANSFER}
    for name, figures in HEURISTIC.items() if not nmt else ():
        if make_system("heuristic", {"preset": name}).settings.top_k:  # type: ignore[attr-defined]
            rows[f"{name} keeping the shortest"] = ("heuristic", {"preset": name, "shortest_first": True})
            published[f"{name} keeping the shortest"] = figures
    for (score, constraint, solver), figures in ILP.items():
        slow = solver == "exact" and constraint != "<= 1"
        every = score == "nmt" and constraint == ">= 0"
        if (score == "nmt" and not nmt) or ((slow or every) and quick):
            continue
        if nmt and not every and constraint not in {"<= 1", "= 1"}:
            continue
        title = f"ilp {score} {constraint} {solver}"
        rows[title], published[title] = ("ilp", options_of(score, constraint, solver)), figures
    rows["model-transfer"] = ("model-transfer", {})
    return rows, published


def measure(
    rows: Mapping[str, Any],
    works: Sequence[Work],
    gold: Sequence[Sentence],
    engine: Engine,
    say: Callable[[str], None],
) -> dict[str, tuple[float, float]]:
    """F1 and CPU seconds of each row."""
    out = {}
    tools = Tools(Remembering(engine.models))
    for title, (name, options) in rows.items():
        system = make_system(name, options, tools)
        start = time.process_time()
        found = [projection.labelled() for projection in run_system(system, works)]
        out[title] = (count_entities(gold, found).scores().micro.f1, time.process_time() - start)
        say(f"  {title}: {out[title][0]:.3f} ({out[title][1]:.1f} s of CPU time)")
    return out


def orderings(ours: Mapping[str, float], published: Mapping[str, float]) -> str:
    """How many pairs of rows are ordered alike, and the widest published gaps that are not."""
    pairs = [(a, b) for a, b in combinations(ours, 2) if abs(published[a] - published[b]) > 0.005]
    wrong = [(a, b) for a, b in pairs if (ours[a] - ours[b]) * (published[a] - published[b]) < 0]
    wrong.sort(key=lambda pair: -abs(published[pair[0]] - published[pair[1]]))
    lines = [
        f"{len(pairs) - len(wrong)} of {len(pairs)} pairs of rows whose published F1 differ by more than .005 agree"
    ]
    for a, b in wrong[:8]:
        better, worse = (a, b) if published[a] > published[b] else (b, a)
        lines.append(
            f"- published {better} ({published[better]:.3f}) above {worse} ({published[worse]:.3f}), "
            f"here {ours[better]:.3f} and {ours[worse]:.3f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--bundle", default="mini")
    parser.add_argument("--aligner", default="hybrid")
    parser.add_argument("--limit", type=int, default=0, help="only the first sentences")
    parser.add_argument("--nmt", type=int, default=0, help="sentences of the table with NMT rows; 0 for none")
    parser.add_argument(
        "--quick", action="store_true", help="no exact rows with a constraint other than <= 1, no nmt >= 0"
    )
    given = parser.parse_args()
    data = {}
    with Engine.from_bundle(given.bundle, align=given.aligner, device="cpu", threads=1, stream=STREAM) as engine:
        for language in LANGUAGES:
            data[language] = load(engine, given.data, language, given.limit)
        print(f"Europarl-NER, F1 (micro, seqeval), aligner {given.aligner}")
        report(*systems(False, given.quick), data, engine)
        if given.nmt:
            some = {}
            for language, (gold, works) in data.items():
                step = max(1, -(-len(works) // given.nmt))
                some[language] = gold[::step], works[::step]
            report(*systems(True, given.quick), some, engine)


def report(
    rows: Mapping[str, Any],
    published: Figures,
    data: Mapping[str, tuple[list[Sentence], list[Work]]],
    engine: Engine,
) -> None:
    """Measure and print a table, and the orderings that agree."""
    figures: dict[str, dict[str, tuple[float, float]]] = {}
    for language, (gold, works) in data.items():
        print(f"\n{language}: {len(works)} sentences", flush=True)
        figures[language] = measure(rows, works, gold, engine, lambda line: print(line, flush=True))
    table = [
        {
            "setting": title,
            **{f"{l} published": f"{published[title][i]:.3f}" for i, l in enumerate(LANGUAGES)},
            **{f"{l} here": f"{figures[l][title][0]:.3f}" for l in LANGUAGES},
            "CPU s": f"{sum(figures[l][title][1] for l in LANGUAGES):.1f}",
        }
        for title in rows
    ]
    print(f"\n{markdown_table(table)}")
    for i, language in enumerate(LANGUAGES):
        ours = {title: figures[language][title][0] for title in rows if "shortest" not in title}
        print(f"\n{language}: {orderings(ours, {title: published[title][i] for title in ours})}")


if __name__ == "__main__":
    main()
