"""A job on a cluster of Ray: its actors label the parts of Parquet files and write each into a file of its own.

Parts, not rows, go through Ray: an actor reads its part, labels it and writes it. A machine that dies costs the parts
that it was at, which others make again under the same names.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from spanport.errors import RuntimeMissingError, StageError
from spanport.integrations.parts import Folder, Part, read_part
from spanport.integrations.ray import Label

PATIENCE = 24.0
"""Seconds that a cluster has to answer, after its head has taken a connection within `KNOCK` seconds."""

KNOCK = 5.0

MOST_BLOCKS = 10_000
"""Blocks that the parts of a job are handed to Ray in; one that fails is tried again."""


class PartDone(NamedTuple):
    """A part that is written: its rows, and how many of them failed."""

    name: str
    rows: int
    failed: int


class Share(NamedTuple):
    """Cores and GPUs of an actor, and how many actors there is room for."""

    cores: int
    gpus: int
    actors: int


class LabelPart:
    """What an actor does: reads, labels and writes the parts that it is handed."""

    def __init__(self, label: dict[str, Any], out: str) -> None:
        self.label, self.out = Label(**label), Folder(out)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Rows and failures of each part of a batch."""
        done = [self._made(msgspec.json.decode(part, type=Part)) for part in batch["part"]]
        return {name: [getattr(one, name) for one in done] for name in PartDone._fields}

    def _made(self, part: Part) -> PartDone:
        table = self.label(read_part(part))
        self.out.write(part.name, table)
        return PartDone(part.name, len(table), len(table) - table.column(self.label.errors).null_count)


def run_parts(
    parts: Sequence[Part], label: dict[str, Any], out: str, share: Share, worker: type = LabelPart
) -> Iterator[PartDone]:
    """Label parts on the cluster that `connect` joined, as many at once as it has room for.

    Args:
        label: arguments of `Label`.
        out: address of the folder of the outputs.
        share: what an actor gets.
        worker: the class of the actors.

    Raises:
        StageError: a part cannot be made; those that are written stay.
    """
    import ray
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    rows = [{"part": msgspec.json.encode(part).decode()} for part in parts]
    made = ray.data.from_items(rows, override_num_blocks=min(len(rows), MOST_BLOCKS)).map_batches(
        worker,
        fn_constructor_kwargs={"label": label, "out": out},
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(share.actors, len(rows))),
        num_cpus=share.cores,
        num_gpus=share.gpus,
    )
    try:
        for row in made.iter_rows():
            yield PartDone(**row)
    except ray.exceptions.RayError as error:
        cause = str(getattr(error, "cause", None) or error).strip().splitlines()[-1]
        raise StageError(f"the job stopped: {cause}; run the same command again to go on") from error


def share_of(nodes: Sequence[dict[str, Any]], cores: int, gpus: int) -> Share:
    """What each actor gets of these machines, which are as `ray.nodes` gives them.

    Of no ``cores`` in particular all machines get one actor each (with ``gpus``, one for each of so many), with as
    many cores as the smallest has for it. Raises StageError where no machine has room for one.
    """
    there = [node["Resources"] for node in nodes if node["Alive"]]
    there = [one for one in there if one.get("CPU", 0) >= max(cores, 1) and one.get("GPU", 0) >= gpus]
    if not there:
        raise StageError(f"no machine of the Ray cluster has {max(cores, 1)} cores and {gpus} GPUs")
    if not cores:
        cores = max(1, int(min(one["CPU"] // (one["GPU"] // gpus if gpus else 1) for one in there)))
    fits = [min(one["CPU"] // cores, one["GPU"] // gpus if gpus else one["CPU"]) for one in there]
    return Share(cores, gpus, int(sum(fits)))


def connect(address: str) -> list[dict[str, Any]]:
    """Join the cluster at ``HOST:PORT``, the one that this machine belongs to ("auto"), or start one ("local").

    Returns its machines, as `ray.nodes` gives them.
    Raises StageError where nothing answers in time, RuntimeMissingError without Ray.
    """
    try:
        import ray
    except ImportError as error:
        raise RuntimeMissingError(
            f"a cluster needs Ray, which cannot be loaded ({error})",
            remedy="Install it with: pip install 'spanport[ray]'",
        ) from error
    if not ray.is_initialized():
        _join(ray, address)
    nodes: list[dict[str, Any]] = ray.nodes()
    return nodes


def _join(ray: Any, address: str) -> None:
    how: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if address == "local":
        ray.init(address=address, include_dashboard=False, **how)  # its servers die with the thread that starts them
        return
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        _knock(address, host.removeprefix("ray://"), int(port))
    failed: list[BaseException] = []

    def join() -> None:
        try:
            ray.init(address=address, **how)
        except BaseException as error:
            failed.append(error)

    joining = threading.Thread(target=join, daemon=True)
    joining.start()
    joining.join(PATIENCE)
    if joining.is_alive():
        raise _silent(address, f"no answer within {PATIENCE:.0f} s")
    if failed:
        raise _silent(address, str(failed[0]).strip().partition("\n")[0]) from failed[0]


def _knock(address: str, host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), timeout=KNOCK).close()
    except OSError as error:
        raise _silent(address, str(error)) from error


def _silent(address: str, reason: str) -> StageError:
    return StageError(
        f"the Ray cluster {address!r} does not answer: {reason}; expected the HOST:PORT of its head, 'auto' on "
        "one of its machines, or 'local' for this machine alone"
    )
