"""Initial subword embeddings from counts, so that a short training starts with related pieces close together.

Half of the dimensions factorise which pieces occur in the same sentence pair (across languages), half which
pieces stand next to which (shifted positive pointwise mutual information, truncated SVD; Levy & Goldberg 2014).
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mini.pieces import Pieces
from mini.sources import ENGLISH, Pair
from mini.text import detokenize


def _factors(counts: sparse.csr_matrix, rank: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Left factors `U sqrt(S)` of the positive pointwise mutual information, unit rows. Shape: (rows, rank)."""
    rows = np.asarray(counts.sum(axis=1)).ravel() + 1e-9
    columns = np.asarray(counts.sum(axis=0)).ravel() + 1e-9
    smooth = columns**0.75
    matrix = counts.tocoo()
    values = np.log(matrix.data * smooth.sum() / (rows[matrix.row] * smooth[matrix.col]) + 1e-12)
    keep = values > 0
    positive = sparse.csr_matrix(
        (values[keep].astype(np.float32), (matrix.row[keep], matrix.col[keep])), shape=counts.shape
    )
    basis = positive @ generator.standard_normal((counts.shape[1], rank + 16)).astype(np.float32)
    for _ in range(3):
        basis, _ = np.linalg.qr(positive @ (positive.T @ basis))
    left, singular, _ = np.linalg.svd((positive.T @ basis).T, full_matrices=False)
    vectors = (basis @ left[:, :rank]) * np.sqrt(singular[:rank])
    return vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-6)


def initial_embeddings(
    pairs: Iterable[tuple[list[int], ...]], size: int, dimension: int, seed: int = 0
) -> NDArray[np.float32]:
    """Embeddings for `size` pieces from the piece ids of sentence pairs.

    Shape: (size, dimension), standard deviation about .03; pieces never seen get noise alone.
    """
    generator = np.random.default_rng(seed)
    sentences: list[int] = []
    members: list[int] = []
    centres: list[NDArray[np.int64]] = []
    contexts: list[NDArray[np.int64]] = []
    count = 0
    for sides in pairs:
        distinct = set(sides[0]) | set(sides[1])
        sentences.extend([count] * len(distinct))
        members.extend(distinct)
        count += 1
        for side in sides:
            ids = np.asarray(side, dtype=np.int64)
            for distance in (1, 2):
                centres += [ids[distance:], ids[:-distance]]
                contexts += [ids[:-distance], ids[distance:] + size]
    occurrence = sparse.csr_matrix((np.ones(len(members), np.float32), (sentences, members)), shape=(count, size))
    length = sparse.diags(1.0 / np.asarray(occurrence.sum(axis=1)).ravel().clip(1))
    together = (occurrence.T @ (length @ occurrence)).tocsr()
    together.data[together.data < 0.02] = 0
    together.eliminate_zeros()
    centre, context = np.concatenate(centres), np.concatenate(contexts)
    beside = sparse.csr_matrix((np.ones(len(centre), np.float32), (centre, context)), shape=(size, 2 * size))
    half = dimension // 2
    vectors = np.concatenate([_factors(together, half, generator), _factors(beside, dimension - half, generator)], 1)
    vectors /= vectors.std()
    return (0.03 * vectors + 0.01 * generator.standard_normal(vectors.shape)).astype(np.float32)


def link_counts(pairs: Iterable[Pair], pieces: Pieces, size: int) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """How often pieces of linked words stand for each other, and how often each piece occurs on either side.

    Shapes: (size, size), rows for the other language and columns for English; (2, size), English first. Words of as
    many pieces as their partners are linked piece by piece, others all with all, in shares.
    """
    rows: list[int] = []
    columns: list[int] = []
    shares: list[float] = []
    seen = np.zeros((2, size))
    for pair in pairs:
        english, other = ([pieces.word(word) for word in words] for words in pair.words)
        for side, words in enumerate((english, other)):
            for word in words:
                seen[side, word] += 1
        for i, j in pair.links:
            left, right = english[i], other[j]
            same = len(left) == len(right)
            found = list(zip(left, right, strict=True)) if same else [(a, b) for a in left for b in right]
            columns += [a for a, _ in found]
            rows += [b for _, b in found]
            shares += [1.0 if same else 1 / max(len(left), len(right))] * len(found)
    return sparse.csr_matrix((shares, (rows, columns)), shape=(size, size)), seen


def toward_translations(
    vectors: NDArray[np.float32], counts: sparse.csr_matrix, seen: NDArray[np.float64], share: float = 0.45
) -> NDArray[np.float32]:
    """Move pieces of the other languages by `share` towards the English pieces they are linked to, lengths kept.

    Pieces that are as much English (names, numbers, endings) stay. A translator with tied embeddings then starts out
    knowing which words mean the same. Arguments as from `link_counts`; returns a new array.
    """
    centre = vectors.mean(axis=0)
    out = vectors.copy()
    totals = np.asarray(counts.sum(axis=0)).ravel() + 1e-9
    for piece in np.flatnonzero((seen[1] >= 3) & (seen[0] * 3 <= seen[1])):
        row = counts.getrow(piece)
        weights = row.data**2 / totals[row.indices]
        best = np.argsort(-weights)[:4]
        if not len(best):
            continue
        target = weights[best] @ (vectors[row.indices[best]] - centre)
        own = vectors[piece] - centre
        target *= np.linalg.norm(own) / (np.linalg.norm(target) + 1e-9)
        out[piece] = centre + (1 - share) * own + share * target
    return out


def write(pairs: list[Pair], folder: Path, dimension: int = 256) -> None:
    """Write `embeddings.npy` for the pieces that both forms of the vocabulary share and their special tokens.

    Machine translations by other systems than the best one are left out: they repeat the English sentences.
    """
    tokenizer = Tokenizer.from_file(str(folder / "nllb.json"))
    pieces = Pieces(tokenizer)
    rows = (
        tuple(
            pieces.text(detokenize(words, language) if words else text)
            for words, text, language in zip(pair.words, pair.texts, (ENGLISH, pair.language), strict=True)
        )
        for pair in pairs
        if not pair.origin.startswith("en2") or pair.origin.endswith("deepl")
    )
    vectors = initial_embeddings(rows, tokenizer.get_vocab_size(), dimension)
    linked = (pair for pair in pairs if pair.links)
    vectors = toward_translations(vectors, *link_counts(linked, pieces, len(vectors)))
    partial = folder / "embeddings.partial.npy"
    np.save(partial, vectors)
    partial.replace(folder / "embeddings.npy")
