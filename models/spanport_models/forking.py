"""What runtimes make, made anew in forked processes: of the threads of a parent none is alive in its child."""

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

_made: "WeakSet[PerProcess]" = WeakSet()


class PerProcess:
    """Stands for the object that ``make`` makes; in a forked process it is made again when it is first used.

    A thread pool that the child inherits would wait for ever for threads that only the parent has.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._live: Any = make()
        _made.add(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        with self._lock:
            if self._live is None:
                self._live = self._make()
            vars(self)[name] = getattr(self._live, name)  # found without asking from now on
            return vars(self)[name]

    def abandon(self) -> None:
        """Let go of what the parent made without ending it, which would wait for its threads."""
        if self._live is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._live))  # never to be freed in this process
        for name in [name for name in vars(self) if not name.startswith("_")]:
            del vars(self)[name]
        self._live, self._lock = None, threading.Lock()


def _abandon_all() -> None:
    for one in list(_made):
        one.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
