"""The C library's heap, set up for runtimes that free large blocks and ask for them again at every step."""

import ctypes
import os
import sys
from typing import Any

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
"""Options of glibc's mallopt."""

_FEW = 8
"""As many threads may well share one arena: they ask for a block every ten microseconds at most."""


def keep_blocks(threads: int) -> bool:
    """Let the C library keep what is freed for the next block, instead of having the system map every block anew.

    CTranslate2 allocates its activations anew in each layer of each step. glibc maps large ones, and whatever exceeds
    the 64 MB of a thread's own arena, from the system, which clears every page: a fifth of the time that NLLB-600M
    takes to translate. So no block is mapped by itself, and up to `_FEW` ``threads`` share the main arena, which also
    takes less memory than an arena each. Nothing is done where the environment sets the heap up (``MALLOC_...``,
    ``GLIBC_TUNABLES``), or another C library is used; returns whether anything was.
    """
    tuned = any(name.startswith("MALLOC_") for name in os.environ) or "GLIBC_TUNABLES" in os.environ
    mallopt = None if tuned else _mallopt()
    if mallopt is None:
        return False
    options = {_MMAP_MAX: 0, _TRIM_THRESHOLD: -1} | ({_ARENA_MAX: 1} if threads <= _FEW else {})
    return all(mallopt(option, value) for option, value in options.items())


def _mallopt() -> Any:
    """glibc's function, or None in another C library."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return getattr(library, "mallopt", None) if hasattr(library, "gnu_get_libc_version") else None
