"""Readers of the research data that the miniatures are trained on.

Only sources whose rows may be shipped are read, and no test file ever: CoNLL 2002/2003 and Evalita 2009
in parallel (train, dev), Tatoeba en-de, TICO-19 en-es and the first half of NTREX-128.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec

ENGLISH = "eng_Latn"
LANGUAGES = {"es": "spa_Latn", "de": "deu_Latn", "it": "ita_Latn"}
NTREX_FIRST_HALF = 999
IGNORED = "?"
"""Label of words that training leaves out."""
_SYSTEMS = ("deepl", "MarianMT", "Mbart_many2many", "m2m100")
_WEIGHT = {"deepl": 0.45, "MarianMT": 0.18, "Mbart_many2many": 0.18, "m2m100": 0.19}


class Pair(msgspec.Struct, gc=False):
    """One English sentence and its translation.

    `words` and `labels` (IOB2; empty when unlabelled) are `(English, other)`; `links` are word index pairs
    English-other; `texts` holds the sides as raw text where the source is not tokenised (then `words` are empty).
    `weight` is how often the pair is drawn in an epoch.
    """

    language: str
    origin: str
    weight: float
    words: tuple[list[str], list[str]] = ([], [])
    labels: tuple[list[str], list[str]] = ([], [])
    links: list[tuple[int, int]] = []
    texts: tuple[str, str] = ("", "")


def read_conll(path: Path) -> list[tuple[list[str], list[str]]]:
    """Read `token label` lines into `(words, labels)` sentences, document marks included."""
    sentences: list[tuple[list[str], list[str]]] = []
    words: list[str] = []
    labels: list[str] = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line.strip():
            if words:
                sentences.append((words, labels))
                words, labels = [], []
            continue
        columns = line.split()
        words.append(columns[0])
        labels.append(columns[-1] if len(columns) > 1 else "O")
    return sentences


def read_links(path: Path, swap: bool) -> list[list[tuple[int, int]]]:
    """Read Pharaoh lines; `swap` turns `other-English` into `English-other`."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        edges = (edge.split("-") for edge in line.split())
        rows.append(sorted((int(b), int(a)) if swap else (int(a), int(b)) for a, b in edges))
    return rows


def _plausible(english: list[str], other: list[str]) -> bool:
    return 0.4 <= (len(other) + 2) / (len(english) + 2) <= 2.5 and len(english) <= 150


def _english_sources(root: Path, code: str) -> Iterator[Pair]:
    """English CoNLL (gold) and its machine translations with projected labels."""
    for part in ("train", "dev"):
        english = read_conll(root / "original" / f"en.{part}.tsv")
        links = read_links(root / f"en2{code}" / f"awesome.{part}.pharaoh", swap=False)
        for system in _SYSTEMS:
            path = root / f"en2{code}" / f"{system}.{part}.tsv"
            if not path.exists():
                continue
            other = read_conll(path)
            if len(other) != len(english):
                raise ValueError(f"{path}: {len(other)} sentences, expected {len(english)}")
            weight = _WEIGHT[system] if part == "train" else 1.0
            for (source, gold), (target, projected), edges in zip(english, other, links, strict=True):
                if source[0] == "-DOCSTART-" or not _plausible(source, target):
                    continue
                kept = edges if system == "deepl" else []
                yield Pair(LANGUAGES[code], f"en2{code}/{system}", weight, (source, target), (gold, projected), kept)


def _native_sources(root: Path, code: str) -> Iterator[Pair]:
    """Native text with its English translation; labels are left out, for transfer is what we report."""
    parts = ("train",) if code == "it" else ("train", "dev")
    for part in parts:
        native = read_conll(root / "original" / f"{code}.{part}.tsv")
        english = read_conll(root / f"{code}2en" / f"deepl.{part}.tsv")
        links = read_links(root / f"{code}2en" / f"awesome.{part}.pharaoh", swap=True)
        for (other, _), (source, _), edges in zip(native, english, links, strict=True):
            if other[0] != "-DOCSTART-" and _plausible(source, other):
                yield Pair(LANGUAGES[code], f"{code}2en/{part}", 1.5, (source, other), ([], []), edges)


def _raw_sources(data: Path) -> Iterator[Pair]:
    for line in (data / "tatoeba" / "en-de.tsv").read_text(encoding="utf-8").splitlines():
        english, german = line.split("\t")[:2]
        yield Pair("deu_Latn", "tatoeba", 0.7, texts=(english, german))
    for unit in ElementTree.parse(data / "tico19" / "en-es-419.tmx").iter("tu"):
        segments = ["".join(seg.itertext()).strip() for seg in unit.iter("seg")]
        if len(segments) == 2 and all(segments) and len(segments[0]) < 600:
            yield Pair("spa_Latn", "tico19", 1.5, texts=(segments[0], segments[1]))
    english_lines = (data / "ntrex" / "eng.txt").read_text(encoding="utf-8").split("\n")[:NTREX_FIRST_HALF]
    for language in LANGUAGES.values():
        lines = (data / "ntrex" / f"{language[:3]}.txt").read_text(encoding="utf-8").split("\n")
        for english, other in zip(english_lines, lines, strict=False):
            yield Pair(language, "ntrex", 3.0, texts=(english.strip(), other.strip()))


def read_all(data: Path) -> Iterator[Pair]:
    """Every training pair of the data folder."""
    for code in LANGUAGES:
        yield from _english_sources(data / "conll-parallel", code)
        yield from _native_sources(data / "conll-parallel", code)
    yield from _raw_sources(data)


def thin(pairs: Iterator[Pair], count: int) -> Iterator[Pair]:
    """About `count` pairs spread over all sources: every `k`-th, for a trial run of the recipe."""
    every = list(pairs)
    yield from every[:: max(1, len(every) // count)]


def write_corpus(pairs: Iterator[Pair], path: Path) -> int:
    """Write pairs as JSON lines; return how many."""
    count = 0
    encoder = msgspec.json.Encoder()
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        for pair in pairs:
            file.write(encoder.encode(pair) + b"\n")
            count += 1
    partial.replace(path)
    return count


def load_corpus(path: Path) -> list[Pair]:
    """Read what :func:`write_corpus` wrote."""
    decoder = msgspec.json.Decoder(Pair)
    with path.open("rb") as file:
        return [decoder.decode(line) for line in file]
