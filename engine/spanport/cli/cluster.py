"""`spanport label --ray`: the same job on a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from spanport.cli.console import counting, say

if TYPE_CHECKING:
    from spanport.api import Engine
    from spanport.integrations.ray_job import PartDone


def label_on_cluster(
    address: str,
    inputs: Sequence[str],
    output: str,
    engine: Callable[[int], Engine],
    label: dict[str, Any],
    *,
    cores: int,
    fresh: bool,
    elsewhere: dict[str, str],
) -> int:
    """Label Parquet files into a folder of parts; returns the exit code.

    ``engine`` makes one of so many threads; ``label``: arguments of `spanport.integrations.ray.Label` but the bundle.
    ``elsewhere``: options that were given and that a job of one machine alone has; a UsageError where there are any.
    """
    from spanport.errors import UsageError
    from spanport.integrations.parts import Folder, plan
    from spanport.integrations.ray import Label
    from spanport.integrations.ray_job import connect, run_parts, share_of

    for option, value in elsewhere.items():
        raise UsageError(f"{option} {value}: with --ray Parquet goes in and out, and errors are a column of it")
    if output == "-":
        raise UsageError("--ray writes a folder of Parquet files: name it with -o")
    made = engine(1)
    job = Label(made, **label).job
    parts, files = plan(inputs)
    folder = Folder(output)
    columns = {name: label[name] for name in ("column", "min_confidence")}
    there = folder.begin({"job": job.fingerprint(), **columns}, files, fresh=fresh)
    todo = [part for part in parts if part.name not in there]
    if there:
        say(f"going on after {len(there):,} of {len(parts):,} parts that are there")
    if notice := made.models.licence_notice:
        say(notice)
    started, done = time.monotonic(), []
    if todo:
        share = share_of(connect(address), cores, int(made.models.device.startswith("cuda")))
        say(f"{len(todo):,} parts, {share.actors:,} actors of {share.cores} cores")
        with counting("parts", len(todo)) as tick:
            for one in run_parts(todo, {"bundle": engine(share.cores), **label}, output, share):
                done.append(one)
                if tick:
                    tick()
    folder.finish()
    return _summary(done, time.monotonic() - started, output)


def _summary(done: Sequence[PartDone], seconds: float, output: str) -> int:
    rows, failed = sum(one.rows for one in done), sum(one.failed for one in done)
    say(f"{rows:,} records in {seconds:.1f} s ({rows / max(seconds, 1e-9):,.0f}/s), in {output}")
    if failed:
        say(f"{failed:,} failed: the column 'error' says why")
    return 1 if failed else 0
