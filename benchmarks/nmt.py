"""What the `nmt` score costs with pruning, against scoring every entity x n-gram pair naively with the same model.

    python benchmarks/nmt.py --data DATA --bundle mini [--language es] [--limit 0] [--naive-limit 100] [--state FILE]

Both go through the same translator in one process, on Europarl-NER (Agerri et al. 2018; sentences without entities
cost nothing and are left out). *Naive* is what the published program does: all four forced translations of every
pair, in batches of 8 in the order in which pairs come, nothing remembered while its time is taken. *Pruned* is the
system `ilp` with ``score=nmt``; its chosen spans are compared, sentence by sentence, with those that the same system
chooses without pruning from naive scoring's results.

Forced translations and tokens (of the encoder: the given phrase's; of the decoder: the forced one's) are counted on
all sentences, for naive scoring by arithmetic. CPU seconds are those of the process. Pruned scoring runs on all
sentences; naive scoring, 2 to 5 CPU seconds a sentence, may be run on every n-th, so that ``--naive-limit`` sentences
remain: its seconds, linear in its tokens, are then scaled by them, and spans compared on these sentences. With
``--state`` a stopped run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from nmt_naive import Cost, Counting, Known, Models, all_pairs, count_naive, run_naive

from spanport import Engine, Projection
from spanport.compare import load_set
from spanport.report import markdown_table
from spanport.steps import linked
from spanport.systems.base import make_system
from spanport.systems.tools import Tools
from spanport.work import Work

CHUNK = 64
"""Sentences between two lines of progress, and two states."""


class State(msgspec.Struct):
    """Figures so far. ``naive`` counts all sentences, ``timed`` those on which it was run."""

    arguments: list[str]
    done: int = 0
    pairs: int = 0
    spans: int = 0
    differ: list[int] = msgspec.field(default_factory=list)
    pruned: Cost = msgspec.field(default_factory=Cost)
    naive: Cost = msgspec.field(default_factory=Cost)
    timed: Cost = msgspec.field(default_factory=Cost)
    timed_sentences: int = 0

    @property
    def scale(self) -> float:
        """Naive scoring's tokens on all sentences over those on the sentences it was run on."""
        return self.naive.tokens / max(self.timed.tokens, 1)


def load(root: Path, language: str, limit: int) -> list[Work]:
    """Jobs of the sentences with entities, without links: the score needs none."""
    folder = root / "europarl-ner"
    data = load_set(
        language,
        str(folder / f"{language}.test.conll02"),
        input_format="conll",
        source=str(folder / "en.test.conll02"),
        limit=limit,
    )
    print(f"{len(data.gold)} sentences", flush=True)
    pairs = [pair for pair in data.pairs or () if pair.source.spans]
    return linked([Work(pair.source, pair.target, alignment=pair.alignment) for pair in pairs])


def timed(system: Any, works: Sequence[Work], cost: Cost) -> list[Projection]:
    """The system's projections; its CPU time goes to the cost."""
    start = time.process_time()
    found: list[Projection] = system.project(works)
    cost.seconds += time.process_time() - start
    system.tools.translator.settle()
    return found


def spans_of(projection: Projection) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in projection.spans]


def go_on(
    state: State, engine: Engine, works: Sequence[Work], options: dict[str, Any], naive_limit: int, path: Path | None
) -> None:
    """Score all works after those done, in chunks."""

    def system(translator: Counting | Known, **more: Any) -> Any:
        return make_system("ilp", {**options, **more}, Tools(Models(engine.models, translator)))  # type: ignore[arg-type]

    translator = engine.models.translator()
    system(Counting(translator, Cost())).project(works[:1])  # loads the model and the kernels, shares no score
    lazy = system(Counting(translator, state.pruned))
    step = max(1, -(-len(works) // naive_limit)) if naive_limit else 1
    while state.done < len(works):
        here = works[state.done : state.done + CHUNK]
        chosen = [i for i in range(len(here)) if (state.done + i) % step == 0]
        found = timed(lazy, here, state.pruned)
        for i in chosen:
            compare(state, state.done + i, here[i], spans_of(found[i]), translator, system)
        pairs = all_pairs(here)
        count_naive(translator, pairs, state.naive)
        state.pairs, state.done = state.pairs + len(pairs), state.done + len(here)
        if path:
            path.write_bytes(msgspec.json.encode(state))
        slow = state.timed.seconds * state.scale
        print(
            f"{state.done}/{len(works)}: pruned {state.pruned.seconds:.1f} s, naive {slow:.1f} s "
            f"({state.pruned.seconds / max(slow, 1e-9):.3f}); {len(state.differ)} of {state.timed_sentences} differ",
            flush=True,
        )


def compare(
    state: State, at: int, work: Work, spans: Sequence[Any], translator: Any, system: Callable[..., Any]
) -> None:
    """Time naive scoring of a sentence, and compare the spans chosen from it with those of pruned scoring."""
    pairs = all_pairs([work])
    count_naive(translator, pairs, state.timed)
    seconds, known = run_naive(translator, pairs)
    state.timed.seconds += seconds
    state.timed_sentences += 1
    (full,) = system(known, nmt_prune=False).project([work])
    state.spans += len(full.spans)
    if spans != spans_of(full):
        state.differ.append(at)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--bundle", default="mini")
    parser.add_argument("--language", default="es")
    parser.add_argument("--limit", type=int, default=0, help="only the first sentences")
    parser.add_argument("--naive-limit", type=int, default=0, help="sentences on which to run naive scoring; 0: all")
    parser.add_argument("--solver", default="exact", choices=["exact", "greedy"])
    parser.add_argument("--state", type=Path, help="file of figures so far; a stopped run goes on from it")
    given = parser.parse_args()
    state = State([given.bundle, given.language, str(given.limit), given.solver, str(given.naive_limit)])
    if given.state and given.state.exists():
        before = msgspec.json.decode(given.state.read_bytes(), type=State)
        if before.arguments != state.arguments:
            parser.error(f"{given.state} is of another run: {' '.join(before.arguments)}")
        state = before
    with Engine.from_bundle(given.bundle, device="cpu", threads=1) as engine:
        works = load(given.data, given.language, given.limit)
        go_on(state, engine, works, {"score": "nmt", "solver": given.solver}, given.naive_limit, given.state)
    slow, full = state.timed.seconds * state.scale, state.naive.tokens
    some = "" if state.timed_sentences == state.done else f", run on {state.timed_sentences} and scaled"
    rows = [("naive, batches of 8" + some, slow, state.naive, 1.0)]
    rows += [("pruned", state.pruned.seconds, state.pruned, 1.0)]
    table = [
        {
            "scoring": name,
            "CPU s": f"{seconds:.1f}",
            "of naive": f"{seconds / slow:.3f}",
            "forced translations": f"{scale * cost.forced:,.0f}",
            "encoder tokens": f"{scale * cost.encoder:,.0f}",
            "decoder tokens": f"{scale * cost.decoder:,.0f}",
            "tokens of naive": f"{scale * cost.tokens / full:.3f}",
        }
        for name, seconds, cost, scale in rows
    ]
    print(f"\n{state.done} sentences with entities, {state.pairs:,} entity x n-gram pairs\n\n{markdown_table(table)}")
    print(f"pruned: other spans in {len(state.differ)} of {state.timed_sentences} sentences ({state.spans} spans)")


if __name__ == "__main__":
    main()
