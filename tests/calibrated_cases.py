"""Cases that several tests share."""

from __future__ import annotations

import random

import numpy as np

from engine_sentences import job
from fakes import LABELS, FakeEncoder, FakeModels
from spanport.matching.batch import pack
from spanport.systems.calibrated.evidence import gather
from spanport.systems.calibrated.names import NAMES
from spanport.systems.calibrated.view import view_of
from spanport.systems.tools import Tools
from spanport.work import Work

TOOLS = Tools(FakeModels(FakeEncoder()))  # type: ignore[arg-type]


def rows(*tags: str) -> np.ndarray:
    out = np.full((len(tags), len(LABELS)), 0.0125, np.float32)
    for i, tag in enumerate(tags):
        out[i, LABELS.index(tag)] = 0.9
    return out


def evidence(jobs: list[Work], view: bool = False) -> dict[tuple[int, int, int, int], dict[str, float]]:
    """By pair, entity, start, end: the evidence by name."""
    ranges, matrix = gather(pack(jobs), 12, view_of(jobs, LABELS) if view else None)
    keys = zip(*(column.tolist() for column in ranges), strict=True)
    return {key: dict(zip(NAMES[view], row, strict=True)) for key, row in zip(keys, matrix.tolist(), strict=True)}


def random_job(generator: random.Random) -> Work:
    n, m = generator.randint(2, 8), generator.randint(1, 8)
    cut = generator.randint(1, n - 1)
    words = [generator.choice(["Ana", "de", "Lugo", "x"]) for _ in range(n)]
    source = f"[PER {' '.join(words[:cut])}] [ORG {' '.join(words[cut:])}]"
    links = {(generator.randrange(n), generator.randrange(m)) for _ in range(generator.randint(0, 10))}
    view = np.array([rows(generator.choice(LABELS))[0] for _ in range(m)], np.float32)
    return job(
        source, " ".join(generator.choice(["Ana", "de", "Lugo", "y"]) for _ in range(m)), *links, probabilities=view
    )
