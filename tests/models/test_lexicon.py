"""The alignment lexicon: building it, its file, and look-up against a dictionary."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from naive import lookup as naive
from spanport_models.errors import BundleError
from spanport_models.lexicon import Lexicon, hash_pairs, prefix

PREFIX_FACTOR = 0.7


def _write(path: Path, language: str, entries: dict[tuple[str, str], float]) -> Lexicon:
    keys = hash_pairs(language, [a for a, _ in entries], [b for _, b in entries])
    order = np.argsort(keys)
    scores = np.round(np.array(list(entries.values())) * 255).astype(np.uint8)
    np.savez_compressed(path, keys=keys[order], scores=scores[order])
    return Lexicon.load(path)


def _scores(lexicon: Lexicon, language: str, english: list[str], other: list[str]) -> np.ndarray:
    """Look-up as documented; the kernel that does it for the engine is tested on its own."""
    table = dict(zip(lexicon.keys.tolist(), lexicon.scores.tolist(), strict=True))
    sides = (lexicon.hashes("eng_Latn", english).tolist(), lexicon.hashes(language, other).tolist())
    return naive.scores(table, *sides)


def test_scores_equal_a_dictionary_of_many_words(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    letters = np.array(list("abcde"))
    english = ["".join(generator.choice(letters, generator.integers(1, 9))) for _ in range(400)]
    other = ["".join(generator.choice(letters, generator.integers(1, 9))) for _ in range(400)]
    entries = {(a, b): round(float(generator.random()), 2) for a, b in zip(english, other, strict=True)}
    entries |= {
        (prefix(a), prefix(b)): 0.5 for a, b in zip(english[:200], other, strict=False) if prefix(a) and prefix(b)
    }
    lexicon = _write(tmp_path / "lexicon.npz", "spa_Latn", entries)
    assert len(lexicon) == len(entries)
    found = _scores(lexicon, "spa_Latn", english[:60], other[:70])
    expected = np.array(
        [
            [
                max(entries.get((a, b), 0.0), PREFIX_FACTOR * entries.get((prefix(a) or "-", prefix(b)), 0.0))
                for b in other[:70]
            ]
            for a in english[:60]
        ]
    )
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.5 / 255 + 1e-6)


def test_case_and_language(tmp_path: Path) -> None:
    lexicon = _write(tmp_path / "lexicon.npz", "deu_Latn", {("house", "haus"): 1.0})
    assert _scores(lexicon, "deu_Latn", ["HOUSE"], ["Haus", "Hut"]).tolist() == [[1.0, 0.0]]
    assert _scores(lexicon, "spa_Latn", ["house"], ["haus"]).tolist() == [[0.0]]


def test_empty_sides_and_empty_lexicon(tmp_path: Path) -> None:
    lexicon = _write(tmp_path / "lexicon.npz", "deu_Latn", {("house", "haus"): 1.0})
    assert _scores(lexicon, "deu_Latn", [], ["Haus"]).shape == (0, 1)
    assert _scores(lexicon, "deu_Latn", ["house"], []).shape == (1, 0)
    empty = Lexicon(np.zeros(0, np.uint64), np.zeros(0, np.uint8))
    assert _scores(empty, "deu_Latn", ["house", "a"], ["Haus"]).tolist() == [[0.0], [0.0]]


def test_buckets_hold_the_keys_of_their_highest_bits(tmp_path: Path) -> None:
    lexicon = _write(tmp_path / "lexicon.npz", "deu_Latn", {("a" * i, "b"): 1.0 for i in range(1, 300)})
    buckets = np.repeat(np.arange(len(lexicon.starts) - 1), np.diff(lexicon.starts))
    np.testing.assert_array_equal(lexicon.keys >> np.uint64(48 - 18), buckets.astype(np.uint64))
    seen = {(key >> 30, key >> 27 & 7) for key in lexicon.keys.tolist()}
    bits = np.unpackbits(lexicon.marks[:, None], axis=1, bitorder="little")
    assert set(map(tuple, np.argwhere(bits).tolist())) == seen


HOSTILE: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "empty": lambda path: path.touch(),
    "no zip": lambda path: path.write_bytes(b"not an archive at all"),
    "cut": lambda path: (np.savez(path, **SOUND), path.write_bytes(path.read_bytes()[:-40])),
    "a bare array": lambda path: np.save(path.open("wb"), np.zeros(3)),
    "other names": lambda path: np.savez(path, something=np.zeros(2)),
    "objects": lambda path: np.savez(path, keys=np.array([{}]), scores=SOUND["scores"]),
    "floats": lambda path: np.savez(path, keys=np.array([1.0, 2.0]), scores=SOUND["scores"]),
    "matrices": lambda path: np.savez(path, keys=np.zeros((2, 2), np.uint64), scores=np.zeros((2, 2), np.uint8)),
    "unequal": lambda path: np.savez(path, keys=SOUND["keys"], scores=np.zeros(3, np.uint8)),
    "unsorted": lambda path: np.savez(path, keys=SOUND["keys"][::-1], scores=SOUND["scores"]),
    "a key twice": lambda path: np.savez(path, keys=SOUND["keys"][[0, 0]], scores=SOUND["scores"]),
    "more than there is": lambda path: _claiming(path, 1 << 60),
}
SOUND = {"keys": np.array([4, 5], np.uint64), "scores": np.array([1, 2], np.uint8)}


def _claiming(path: Path, count: int) -> None:
    """An archive whose first array says that it has ``count`` entries."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<u8", "fortran_order": False, "shape": (count,)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("keys.npy", header.getvalue() + bytes(16))
        archive.writestr("scores.npy", b"")


@pytest.mark.parametrize("what", HOSTILE)
def test_unsound_files_are_refused_in_words(what: str, tmp_path: Path) -> None:
    path = tmp_path / "lexicon.npz"
    HOSTILE[what](path)
    with pytest.raises(BundleError, match=r"lexicon\.npz cannot be read as a lexicon: .+; expected an \.npz file"):
        Lexicon.load(path)


def test_built_from_links(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra 'train'")
    from mini import lexicon as recipe
    from mini.sources import Pair

    words = (["The", "gardens", "of", "Porto"], ["Die", "Gärten", "von", "Porto"])
    pairs = [Pair("deu_Latn", "test", 1.0, words, ([], []), [(0, 0), (1, 1), (2, 2), (3, 3)])] * 4
    scores = recipe.build(pairs)
    assert scores["deu_Latn"]["the", "die"] == pytest.approx(np.sqrt(2 * 3.5 / 8))
    assert ("garde*", "gärte*") in scores["deu_Latn"]
    count = recipe.write(scores, tmp_path / "lexicon.npz")
    lexicon = Lexicon.load(tmp_path / "lexicon.npz")
    assert len(lexicon) == count
    found = _scores(lexicon, "deu_Latn", ["The", "garden", "Porto"], ["die", "gärten", "Porto"])
    assert found[0, 0] == pytest.approx(np.sqrt(7 / 8), abs=0.01)
    assert found[1, 1] == pytest.approx(PREFIX_FACTOR * np.sqrt(7 / 8), abs=0.01)
    assert found[2, 2] == 0.0  # identical forms are the lexical similarity's business
