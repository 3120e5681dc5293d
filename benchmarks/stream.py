"""What moving records costs: the streaming engine next to a loop that calls the same stages on the same batches.

    python benchmarks/stream.py [--records 200000] [--stages 4]

Stages do nothing, so that all that is measured is the engine; models, reading and writing are left out. Prints
microseconds of CPU time per record and stage, and the ratio.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from spanport.options import StreamOptions
from spanport.stream import Stage, run_stages
from spanport_models.batching import token_batches

OPTIONS = StreamOptions(linger=None)


def bare(records: int, stages: list[Stage]) -> None:
    """Batches by length inside each look-ahead, stage by stage."""
    for start in range(0, records, OPTIONS.lookahead):
        values = list(range(start, min(start + OPTIONS.lookahead, records)))
        for stage in stages:
            for batch in token_batches([stage.cost(value) for value in values], stage.budget, stage.max_items):
                positions = batch.tolist()
                results = stage.run([values[i] for i in positions])
                for i, result in zip(positions, results, strict=True):
                    values[i] = result


def engine(records: int, stages: list[Stage]) -> None:
    """The same through `run_stages`."""
    for _ in run_stages(range(records), stages, OPTIONS):
        pass


def cpu(work: Callable[[int, list[Stage]], None], records: int, stages: list[Stage]) -> float:
    """Microseconds of CPU time per record and stage."""
    started = time.process_time()
    work(records, stages)
    return 1e6 * (time.process_time() - started) / (records * len(stages))


def main() -> None:
    """Alternate both and print the medians of three rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--stages", type=int, default=4)
    arguments = parser.parse_args()
    stages = [Stage(f"stage {i}", lambda items: items, lambda item: item % 50 + 1) for i in range(arguments.stages)]
    rounds = [(cpu(bare, arguments.records, stages), cpu(engine, arguments.records, stages)) for _ in range(3)]
    loop, ours = (sorted(row[i] for row in rounds)[1] for i in range(2))
    print("| | CPU us per record and stage | ratio |")
    print("|---|---|---|")
    print(f"| loop over the same batches | {loop:.2f} | 1.00 |")
    print(f"| streaming engine | {ours:.2f} | {ours / loop:.2f} |")


if __name__ == "__main__":
    main()
