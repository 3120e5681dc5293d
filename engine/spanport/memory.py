"""Memory: what models may take of it, what this process took, and giving back what was freed."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from spanport.errors import DeviceError, UsageError

BASE = 300_000_000
"""Bytes of the process without models: Python, the runtimes, kernels, records in flight."""

_EVERY_SECONDS = 10.0

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


def peak_rss() -> int | None:
    """Most resident memory this process ever had, in bytes; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def trim() -> None:
    """Return memory that was freed: glibc keeps it, an arena per thread, so that a long run grows."""
    if call := _malloc_trim():
        call(0)


class Trimmer:
    """Trims now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def maybe(self) -> None:
        """Trim if the last time was ten seconds ago (it takes milliseconds)."""
        if time.monotonic() - self._last >= _EVERY_SECONDS:
            trim()
            self._last = time.monotonic()


@cache
def _malloc_trim() -> Any:
    """The C library's function, or None where it has none."""
    if sys.platform != "linux":
        return None
    import ctypes

    return getattr(ctypes.CDLL(None), "malloc_trim", None)
