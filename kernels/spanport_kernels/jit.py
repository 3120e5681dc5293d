"""The one way kernels are compiled.

A *kernel* has an explicit signature, so that exactly one version of it exists, is compiled when its
module is first imported and is loaded from Numba's cache afterwards. Kernels release the GIL and
use no Numba threads: the caller brings its own, under any threading layer and start method.

Array types named ``IN_*`` are read-only: such arguments accept writable arrays as well as read-only
ones (memory maps, ``np.frombuffer``). All arrays are C-contiguous; wrappers see to that.

Numba's cache notices changes of the kernel's own file only. Keep a kernel's helpers in its file; after
changing one that other files share (here and in ``labels``), delete ``__pycache__``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
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


def kernel(returns: Any, *arguments: Any) -> Callable[[Function], Any]:
    """Compile a batch kernel for exactly these argument types, without the GIL, cached on disk.

    Example: ``@kernel(VOID, IN_F32, OUT_F32)``.
    """
    decorate: Callable[[Function], Any] = njit(returns(*arguments), nogil=True, cache=True, error_model="numpy")
    return decorate


def helper(function: Function) -> Any:
    """Compile a function that kernels call; LLVM inlines it where that pays."""
    return njit(function, nogil=True, error_model="numpy")


def reduction(function: Function) -> Any:
    """As :func:`helper`, for functions whose floating-point sums may be taken in any order."""
    return njit(function, nogil=True, error_model="numpy", fastmath=set(ANY_ORDER))


def maximum(function: Function) -> Any:
    """As :func:`helper`, for functions that take maxima of values which are not NaN."""
    return njit(function, nogil=True, error_model="numpy", fastmath=set(NO_NAN))


@helper
def longest(offsets: NDArray[np.int64]) -> int:
    """Return the length of the longest item of a ragged array: the size of kernels' work space."""
    most = 0
    for item in range(offsets.size - 1):
        most = max(most, offsets[item + 1] - offsets[item])
    return most
