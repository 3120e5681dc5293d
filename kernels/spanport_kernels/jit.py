"""The one way kernels are compiled.

A *kernel* has an explicit signature, so that exactly one version of it exists. It is compiled when it is
first called after installation, and loaded from Numba's cache when it is first called in a process:
whoever imports a module pays for the kernels that run, not for its others. Kernels release the GIL and
use no Numba threads: the caller brings its own, under any threading layer and start method.

Array types named ``IN_*`` are read-only: such arguments accept writable arrays as well as read-only
ones (memory maps, ``np.frombuffer``). All arrays are C-contiguous; wrappers see to that.

Numba's cache knows a kernel by its own file; ours also by a digest of the package, for helpers may be anywhere in it.
"""

import functools
import hashlib
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
from numba import config, njit, types
from numpy.typing import NDArray

Function = Callable[..., Any]
#: An array whose dtype and dimensions the kernel's signature gives.
Array = NDArray[Any]

BOOL = types.boolean
F32 = types.float32
F64 = types.float64
I32 = types.int32
I64 = types.int64
VOID = types.void


def _array(dtype: Any, ndim: int, *, readonly: bool) -> Any:
    return types.Array(dtype, ndim, "C", readonly=readonly)


IN_BOOL = _array(types.boolean, 1, readonly=True)
IN_U8 = _array(types.uint8, 1, readonly=True)
IN_I32 = _array(types.int32, 1, readonly=True)
IN_I32_2D = _array(types.int32, 2, readonly=True)
IN_I64 = _array(types.int64, 1, readonly=True)
IN_F32 = _array(types.float32, 1, readonly=True)
IN_F64 = _array(types.float64, 1, readonly=True)
IN_F32_2D = _array(types.float32, 2, readonly=True)
OUT_BOOL = _array(types.boolean, 1, readonly=False)
OUT_U8 = _array(types.uint8, 1, readonly=False)
OUT_I32 = _array(types.int32, 1, readonly=False)
OUT_I8 = _array(types.int8, 1, readonly=False)
OUT_I32_2D = _array(types.int32, 2, readonly=False)
IN_I64_2D = _array(types.int64, 2, readonly=True)
OUT_I64_2D = _array(types.int64, 2, readonly=False)
OUT_I64 = _array(types.int64, 1, readonly=False)
OUT_F32 = _array(types.float32, 1, readonly=False)
OUT_F64 = _array(types.float64, 1, readonly=False)
OUT_F32_2D = _array(types.float32, 2, readonly=False)

#: What extraction kernels return: (E, 2) int32 edges and (B + 1,) int64 offsets.
EDGES = types.Tuple((OUT_I32_2D, OUT_I64))
#: The same and a (B,) bool.
FILLED = types.Tuple((OUT_I32_2D, OUT_I64, OUT_BOOL))

#: Sums of products in any order, so that they run on vector units. NaN and infinity keep their meaning.
ANY_ORDER = frozenset({"reassoc", "contract", "nsz"})


#: Minima and maxima as vector instructions. With NaN the result is unspecified, though never out of range.
NO_NAN = frozenset({"nnan", "nsz"})


class _Kernel:
    """A function that is compiled, or loaded, when it is first called, by one thread while others wait.

    Then what was compiled takes its place in its module, so that further calls go straight to machine code.
    """

    def __init__(self, function: Function, signature: Any) -> None:
        functools.update_wrapper(self, function)
        self._function, self._signature = function, signature
        self._lock = threading.Lock()
        self._compiled: Function | None = None

    def __call__(self, *arguments: Any) -> Any:
        return (self._compiled or self.load())(*arguments)

    def load(self) -> Function:
        """Return the compiled function."""
        with self._lock:
            if self._compiled is None:
                compiled = njit(nogil=True, cache=True, error_model="numpy", no_cfunc_wrapper=True)(self._function)
                file = compiled._cache._cache_file
                file._source_stamp = (file._source_stamp, _digest())
                compiled.compile(self._signature)
                compiled.disable_compile()
                self._compiled = compiled
                names = self._function.__globals__
                if names.get(compiled.__name__) is self:
                    names[compiled.__name__] = compiled
            return self._compiled


@functools.cache
def _digest() -> str:
    """SHA-256 of the sources of this package: any of them may hold what a kernel calls."""
    sources = sorted(
        (file.name, file.read_bytes()) for file in files(__package__).iterdir() if file.name[-3:] == ".py"
    )
    return hashlib.sha256(repr(sources).encode()).hexdigest()


def kernel(returns: Any, *arguments: Any) -> Callable[[Function], Any]:
    """Compile a batch kernel for exactly these argument types, without the GIL, cached on disk.

    Example: ``@kernel(VOID, IN_F32, OUT_F32)``.
    """
    signature = returns(*arguments)
    return lambda function: function if config.DISABLE_JIT else _Kernel(function, signature)


def _helper(function: Function, **options: Any) -> Any:
    """Only kernels call it: the entry points for Python and C would be a quarter of the compilation time."""
    return njit(function, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)


def helper(function: Function) -> Any:
    """Compile a function that kernels call; LLVM inlines it where that pays.

    Numba compiles it once for every combination of argument types that it meets, literals counted apart:
    start counters as ``np.int64(0)``.
    """
    return _helper(function)


def reduction(function: Function) -> Any:
    """As `helper`, for functions whose floating-point sums may be taken in any order."""
    return _helper(function, fastmath=set(ANY_ORDER))


def maximum(function: Function) -> Any:
    """As `helper`, for functions that take maxima of values which are not NaN."""
    return _helper(function, fastmath=set(NO_NAN))


@helper
def longest(offsets: NDArray[np.int64]) -> int:
    """Return the length of the longest item of a ragged array: the size of kernels' work space."""
    most = 0
    for item in range(offsets.size - 1):
        most = max(most, offsets[item + 1] - offsets[item])
    return most
