"""Which models stay in memory on a small machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from spanport.errors import DeviceError, UsageError

BASE = 300_000_000
"""Bytes of the process without models: Python, the runtimes, kernels, records in flight."""

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def parse_bytes(text: str) -> int:
    """Bytes of a size such as ``500M`` or ``1.5G`` (powers of 1000; a final B is fine).

    Raises UsageError for anything else.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?\s*", text, re.IGNORECASE)
    if match is None:
        raise UsageError(f"{text!r} is no amount of memory; expected a number and a unit, such as 500M or 2G")
    return int(float(match[1]) * UNITS[match[2].upper()])


def choose(needs: Mapping[str, int], limit: int) -> tuple[Literal["all", "one"], str]:
    """Whether all models fit ``limit`` bytes or must take turns, and why.

    ``needs``: bytes that each model is expected to take. Raises DeviceError when one alone does not fit.
    """
    parts = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in needs.items())
    total, largest = BASE + sum(needs.values()), BASE + max(needs.values(), default=0)
    if total <= limit:
        return "all", f"all models fit: about {total / 1e6:,.0f} MB of {limit / 1e6:,.0f} MB ({parts})"
    if largest <= limit:
        return "one", (
            f"one model at a time: together about {total / 1e6:,.0f} MB, above the limit of "
            f"{limit / 1e6:,.0f} MB ({parts})"
        )
    raise DeviceError(
        f"the largest model needs about {largest / 1e6:,.0f} MB with the process around it, above the limit of "
        f"{limit / 1e6:,.0f} MB ({parts}); raise --memory-limit or use smaller or int8 models"
    )
