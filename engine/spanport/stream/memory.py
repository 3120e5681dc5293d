"""Giving freed memory back to the system."""

from __future__ import annotations

import sys
import time
from functools import cache
from typing import Any

_EVERY_SECONDS = 10.0


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
