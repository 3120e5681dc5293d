"""Freed blocks stay with the process, where nobody set the heap up otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from spanport_models.heap import _mallopt

pytestmark = pytest.mark.skipif(_mallopt() is None, reason="not glibc")

AGAIN = """
import ctypes, resource, sys, threading
from spanport_models.heap import keep_blocks

print(keep_blocks(int(sys.argv[1])))
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
faults = []

def work():
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        block = libc.malloc(100_000_000)
        ctypes.memset(block, 1, 100_000_000)
        libc.free(block)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

thread = threading.Thread(target=work)
thread.start()
thread.join()
print(min(faults))
"""


def again(threads: int, **environment: str) -> tuple[bool, int]:
    """Whether the heap was set up, and the least page faults of using a large block in a thread, of four times."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", AGAIN, str(threads)]
    done, faults = subprocess.run(
        command, env=inherited | environment, capture_output=True, text=True, check=True
    ).stdout.split()
    return done == "True", int(faults)


def test_a_freed_block_is_used_again() -> None:
    done, faults = again(1)
    assert done
    assert faults < 100


def test_many_threads_have_arenas_of_their_own() -> None:
    """What exceeds one is mapped, as before: the threads would wait for one another."""
    done, faults = again(64)
    assert done
    assert faults > 1000


@pytest.mark.parametrize("environment", [{"MALLOC_ARENA_MAX": "4"}, {"GLIBC_TUNABLES": "glibc.malloc.arena_max=4"}])
def test_an_environment_that_sets_the_heap_up_is_left_alone(environment: dict[str, str]) -> None:
    done, faults = again(1, **environment)
    assert not done
    assert faults > 1000
