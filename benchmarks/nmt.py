"""What the `nmt` score costs with pruning, against scoring every entity x n-gram pair naively with the same model.

    python benchmarks/nmt.py --data DATA --bundle mini [--language es] [--limit 40]

Both go through the same translator in one process, on the sentences of Europarl-NER (Agerri et al. 2018) that have
entities. *Naive* is what the published program does: all four forced translations of every pair, in the order in
which pairs come, nothing remembered. *Stronger naive* scores every distinct (given, phrase) once, sorted by length in
batches of tokens. *Pruned* is the system `ilp` with ``score=nmt``. Cost is CPU time of the process, as a ratio; the
chosen spans of pruned and exhaustive scoring are compared one by one. Naive cost is linear in the pairs, so it may be
timed on the first ``--naive-limit`` sentences and scaled by its pairs; the table says so.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spanport import Engine, Projection
from spanport.compare import load_set
from spanport.compare.runner import tools_of
from spanport.flow import attach_links, from_pair, split
from spanport.report import markdown_table
from spanport.stages.batch import Job, pack
from spanport.stages.candidates import find_candidates
from spanport.stages.nmt import NmtScorer, Phrase
from spanport.systems.base import make_system
from spanport.systems.detokenize import phrase

NAIVE_BATCH = 8
"""Pairs in a batch of the published program."""


def load(root: Path, language: str, limit: int) -> list[Job]:
    """Jobs of the sentences with entities, without links: the score needs none."""
    folder = root / "europarl-ner"
    data = load_set(
        language,
        str(folder / f"{language}.test.conll02"),
        input_format="conll",
        source=str(folder / "en.test.conll02"),
    )
    pairs = [pair for pair in data.pairs or () if pair.source.spans]
    works = attach_links(split([from_pair(pair) for pair in (pairs[:limit] if limit else pairs)]))
    return [work.job for work in works if work.job is not None]


def all_pairs(jobs: Sequence[Job]) -> list[tuple[Phrase, Phrase]]:
    """Every entity with every n-gram of its sentence."""
    batch = pack(jobs)
    candidates = find_candidates(batch, "ngram", stop_words=("!", "?"))
    out = []
    for b, job in enumerate(jobs):
        ranges = candidates.ranges[candidates.offsets[b] : candidates.offsets[b + 1]].tolist()
        targets = [Phrase(phrase(job.target, i, j), job.target.language) for i, j in ranges]
        for first, last, _ in batch.entities[batch.entity_offsets[b] : batch.entity_offsets[b + 1]].tolist():
            entity = Phrase(phrase(job.source, first, last), job.source.language)
            out += [(entity, target) for target in targets]
    return out


def naive(translator: Any, pairs: Sequence[tuple[Phrase, Phrase]]) -> float:
    """CPU seconds of scoring every pair in the order given, four forced translations each."""
    start = time.process_time()
    for at in range(0, len(pairs), NAIVE_BATCH):
        here = pairs[at : at + NAIVE_BATCH]
        for x, y in ((0, 1), (1, 0), (0, 0), (1, 1)):
            given, wanted = [pair[x] for pair in here], [pair[y] for pair in here]
            translator.score(
                [text for text, _ in given], [text for text, _ in wanted], given[0].language, wanted[0].language
            )
    return time.process_time() - start


def run(system: Any, jobs: Sequence[Job]) -> tuple[list[Projection], float]:
    """Projections and CPU seconds."""
    start = time.process_time()
    found = system.project(jobs)
    return found, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--bundle", default="mini")
    parser.add_argument("--language", default="es")
    parser.add_argument("--limit", type=int, default=0, help="only the first sentences with entities")
    parser.add_argument("--naive-limit", type=int, default=0, help="sentences on which naive scoring is timed")
    parser.add_argument("--solver", default="exact", choices=["exact", "greedy"])
    given = parser.parse_args()
    with Engine.from_bundle(given.bundle, device="cpu", threads=1) as engine:
        tools, jobs = tools_of(engine), load(given.data, given.language, given.limit)
        options = {"score": "nmt", "solver": given.solver}
        pairs = all_pairs(jobs)
        part = all_pairs(jobs[: given.naive_limit]) if given.naive_limit else pairs
        print(f"{len(jobs)} sentences, {len(pairs):,} entity x n-gram pairs", flush=True)
        make_system("ilp", options, tools).project(jobs[:1])  # loads the model and the kernels, shares no score
        lazy = make_system("ilp", options, tools)
        pruned, fast = run(lazy, jobs)
        print(f"pruned: {fast:.1f} s", flush=True)
        every = make_system("ilp", {**options, "nmt_prune": False}, tools)
        full, sorted_cost = run(every, jobs)
        print(f"every distinct pair: {sorted_cost:.1f} s", flush=True)
        slow = naive(tools.translator, part) * len(pairs) / len(part)
    scorers: list[NmtScorer] = [lazy._scorer, every._scorer]  # type: ignore[attr-defined]
    rows = [
        ("naive, batches of 8" + (f" (timed on {len(part):,} pairs)" if len(part) < len(pairs) else ""), slow, None),
        ("every distinct pair, sorted", sorted_cost, scorers[1].scored),
        ("pruned", fast, scorers[0].scored),
    ]
    print(
        markdown_table(
            [
                {"scoring": name, "CPU s": f"{s:.1f}", "of naive": f"{s / slow:.3f}", "forced translations": count}
                for name, s, count in rows
            ]
        )
    )
    spans = [tuple((s.start, s.end, s.label) for s in found.spans) for found in (*pruned, *full)]
    differ = sum(a != b for a, b in zip(spans[: len(jobs)], spans[len(jobs) :], strict=True))
    print(
        f"{differ} of {len(jobs)} sentences have other spans with pruning; {sum(map(len, spans[len(jobs) :]))} spans"
    )


if __name__ == "__main__":
    main()
