"""The one way kernels are compiled.

A *kernel* has an explicit signature, so that exactly one version of it exists, is compiled when its
module is first imported and is loaded from Numba's cache afterwards. Kernels release the GIL and
use no Numba threads: the caller brings its own, under any threading layer and start method.

Array types named ``IN_*`` are read-only: such arguments accept writable arrays as well as read-only
ones (memory maps, ``np.frombuffer``). All arrays are C-contiguous; wrappers see to that.

Numba's cache notices changes of the kernel's own file only: keep a kernel's helpers in its file.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit, types

F = TypeVar("F", bound=Callable[..., Any])

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
IN_F32_2D = _array(types.float32, 2, readonly=True)
OUT_BOOL = _array(types.boolean, 1, readonly=False)
OUT_U8 = _array(types.uint8, 1, readonly=False)
OUT_I32 = _array(types.int32, 1, readonly=False)
OUT_I32_2D = _array(types.int32, 2, readonly=False)
OUT_I64 = _array(types.int64, 1, readonly=False)
OUT_F32 = _array(types.float32, 1, readonly=False)
OUT_F32_2D = _array(types.float32, 2, readonly=False)

#: Sums of products in any order, so that they run on vector units. NaN and infinity keep their meaning.
ANY_ORDER = frozenset({"reassoc", "contract", "nsz"})


def kernel(returns: Any, *arguments: Any) -> Callable[[F], F]:
    """Compile a batch kernel for exactly these argument types, without the GIL, cached on disk.

    Example: ``@kernel(VOID, IN_F32, OUT_F32)``.
    """
    decorate: Callable[[F], F] = njit(returns(*arguments), nogil=True, cache=True, error_model="numpy")
    return decorate


def helper(function: F) -> F:
    """Compile a function that kernels of the same file call; LLVM inlines it where that pays."""
    compiled: F = njit(function, nogil=True, error_model="numpy")
    return compiled


def reduction(function: F) -> F:
    """As :func:`helper`, for functions whose floating-point sums may be taken in any order."""
    compiled: F = njit(function, nogil=True, error_model="numpy", fastmath=ANY_ORDER)
    return compiled
