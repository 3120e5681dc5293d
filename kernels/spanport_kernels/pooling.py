"""Word vectors from subword vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_kernels.jit import IN_F32_2D, IN_I64, OUT_F32_2D, VOID, Array, kernel
from spanport_kernels.ragged import as_array, check_offsets


@kernel(VOID, IN_F32_2D, IN_I64, OUT_F32_2D)
def _pool(vectors: Array, offsets: Array, pooled: Array) -> None:
    for word in range(pooled.shape[0]):
        begin, end = offsets[word], offsets[word + 1]
        out = pooled[word]
        out[:] = np.float32(0.0)
        for piece in range(begin, end):
            vector = vectors[piece]
            for k in range(out.size):
                out[k] += vector[k]
        if end - begin > 1:
            scale = np.float32(1.0 / (end - begin))
            for k in range(out.size):
                out[k] *= scale


def pool_words(vectors: Any, subword_offsets: Any) -> NDArray[np.float32]:
    """Return the mean vector of every word's subwords.

    Args:
        vectors: (N, d) subword vectors.
        subword_offsets: (W + 1,) int64: word w has subwords ``offsets[w]:offsets[w + 1]``. A word
            without subwords gets zeros.

    Returns:
        (W, d) float32.

    Raises:
        ValueError: offsets that do not fit ``vectors``.
    """
    pieces = as_array(vectors, np.float32, "vectors", columns=0)
    offsets = check_offsets(subword_offsets, pieces.shape[0], "subword_offsets")
    pooled = np.empty((offsets.size - 1, pieces.shape[1]), np.float32)
    _pool(pieces, offsets, pooled)
    return pooled
