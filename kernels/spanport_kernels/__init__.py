"""Batch kernels for cross-lingual span projection: numpy and Numba only.

Every kernel works on *ragged* batches: one flat array of values and one int64 array of
offsets, ``values[offsets[p]:offsets[p + 1]]`` being item ``p``. Kernels know no strings.

Import the module you need (``from spanport_kernels import extract``): this package imports
nothing itself, so that it costs nothing until a kernel is used. Kernels are compiled on the first
use after installation and loaded from Numba's cache afterwards.
"""
