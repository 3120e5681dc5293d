"""How often a record on its way goes from one file of ours to another, once all is loaded: how long the corridor is.

    python benchmarks/moves.py label|ilp [--all]

``label`` is one sentence through `Engine.label`, ``ilp`` a pair with links through the system of that name with every
score. A move is a call in another file than the call or return before it, in any thread; ``--all`` shows each.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from spanport import Alignment, Engine, Pair, Sentence, Span

PACKAGES = ("spanport", "spanport_kernels", "spanport_models")


def room(path: str) -> str | None:
    """The file from its package on, None where it is not ours."""
    parts = path.replace("\\", "/").split("/")
    at = next((i for i, part in enumerate(parts) if part in PACKAGES), None)
    return None if at is None else "/".join(parts[at:])


def job(name: str) -> Callable[[], Any]:
    """What is counted."""
    engine = Engine.from_bundle("mini")
    if name == "label":
        return lambda: list(engine.label(["Ana Ruiz vive en Sevilla."], lang="spa_Latn"))
    source = Sentence("Ana Ruiz moved to Berlin.", "eng_Latn", spans=(Span(0, 8, "PER"), Span(18, 24, "LOC")))
    links = Alignment(tuple((i, i) for i in range(6)))
    pair = Pair(source, Sentence("Ana Ruiz zog nach Berlin.", "deu_Latn"), links)
    return lambda: list(engine.project([pair], system="ilp", options={"score": "all_fusion"}))


def main(name: str, *, every: bool) -> None:
    """Count and print."""
    run = job(name)
    run()
    files: set[str] = set()
    last: dict[int, str] = {}
    moves: list[str] = []

    def trace(frame: FrameType, event: str, _: Any) -> None:
        here, thread = room(frame.f_code.co_filename), threading.get_ident()
        if here is None or event not in ("call", "return"):
            return
        if event == "call":
            files.add(here)
            if last.get(thread, here) != here:
                moves.append(f"{last[thread]} -> {here} {frame.f_code.co_name}")
        last[thread] = here

    threading.setprofile(trace)
    sys.setprofile(trace)
    run()
    sys.setprofile(None)
    threading.setprofile(None)  # type: ignore[arg-type]
    print(*(moves if every else ()), f"{name}: {len(files)} files, {len(moves)} moves between files", sep="\n")


if __name__ == "__main__":
    main(sys.argv[1], every="--all" in sys.argv)
