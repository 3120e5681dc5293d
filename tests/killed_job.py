"""A small job over a file of numbers, for tests that kill it: ``killed_job.py INPUT OUTPUT COMMIT_SECONDS``.

Results depend on the whole batch; every seventeenth number is rejected.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from fake_stages import BadRecordError, composition, faulty
from spanport.options import StreamOptions
from spanport.output import Output, Reject
from spanport.stream import Failed, Stage, run_stages

OPTIONS = StreamOptions(window=32, lookahead=16, linger=None)


def numbers(path: Path) -> Iterator[int]:
    with path.open() as file:
        for line in file:
            time.sleep(0.0001)
            yield int(line)


def stages() -> list[Stage]:
    strict = faulty("strict", range(0, 100_000, 17))
    return [
        Stage("strict", lambda items: [n for n, _ in strict.run([(i, "") for i in items])], max_items=4),
        composition("model", budget=30),
    ]


def main(source: Path, output: Path, interval: float) -> None:
    rejects = output.with_suffix(".rejects")
    with Output(output, rejects, inputs=[source], job=OPTIONS, interval=interval) as job:
        number = job.completed
        with closing(run_stages(numbers(source), stages(), OPTIONS, skip=number)) as outcomes:  # type: ignore[type-var]
            for outcome in outcomes:
                number += 1
                if isinstance(outcome, Failed):
                    assert isinstance(outcome.error, BadRecordError)
                    job.write(b"", rejects=[Reject.of(number, outcome.error, str(outcome.record))])
                else:
                    job.write(b"%d %d\n" % (number, outcome.value))
        job.finish()


if __name__ == "__main__":
    print("ready", flush=True)
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
