"""Readers of the research data that the miniatures are trained on.

Only sources whose rows may be shipped are read, and no test file but English ones of sets that are tested in other
languages: CoNLL 2002/2003 and Evalita 2009 in parallel (train, dev), Universal NER (train; English dev and test, for
it has no train), Tatoeba en-de and its 112 languages with English, TICO-19 en-es, the first half of NTREX-128.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from mini.labels import IGNORED, NOT_NAMED, entity_texts
from mini.standards import standard

ENGLISH = "eng_Latn"
LANGUAGES = {"es": "spa_Latn", "de": "deu_Latn", "it": "ita_Latn"}
NTREX_FIRST_HALF = 999
UNSPACED = frozenset({"zho", "jpn", "tha", "khm", "lao", "mya", "cmn", "yue", "wuu"})
"""Languages written without spaces, as the data's file names have them (ISO 639-3)."""
_SYSTEMS = ("deepl", "MarianMT", "Mbart_many2many", "m2m100")
_WEIGHT = {"deepl": 0.45, "MarianMT": 0.18, "Mbart_many2many": 0.18, "m2m100": 0.19}


class Pair(msgspec.Struct, gc=False):
    """One English sentence and its translation, or a labelled sentence of one language (the English side is empty).

    `words` and `labels` (IOB2; empty when unlabelled) are `(English, other)`; `links` are word index pairs
    English-other; `texts` holds the sides as raw text where the source is not tokenised (then `words` are empty).
    `weight` is how often the pair is drawn among those of its `group`.
    """

    language: str
    origin: str
    weight: float
    words: tuple[list[str], list[str]] = ([], [])
    labels: tuple[list[str], list[str]] = ([], [])
    links: list[tuple[int, int]] = []
    texts: tuple[str, str] = ("", "")

    @property
    def group(self) -> str:
        """The kind of source: "gold", "native", "uner-eng", "uner", "ntrex", "tatoeba112" or "parallel"."""
        head, _, tail = self.origin.partition("/")
        if head in ("ntrex", "tatoeba112", "uner", "uner-eng"):
            return head
        return "gold" if head.startswith("en2") else "native" if tail and head.endswith("2en") else "parallel"


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
                names = entity_texts(source, gold)
                labels = (gold, standard(target, projected, LANGUAGES[code], names))
                yield Pair(LANGUAGES[code], f"en2{code}/{system}", weight, (source, target), labels, kept)


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


def _many_languages(data: Path) -> Iterator[Pair]:
    """NTREX-128 (first half) and Tatoeba in over a hundred languages; codes are ISO 639-3."""
    english_lines = (data / "ntrex" / "eng.txt").read_text(encoding="utf-8").split("\n")[:NTREX_FIRST_HALF]
    for path in sorted((data / "ntrex").glob("*.txt")):
        if path.stem == "eng":
            continue
        lines = path.read_text(encoding="utf-8").split("\n")
        for english, other in zip(english_lines, lines, strict=False):
            yield Pair(_code(path.stem), "ntrex", 1.0, texts=(english.strip(), other.strip()))
    for path in sorted((data / "tatoeba112").glob("*.eng")):
        code = path.name.removeprefix("tatoeba.").removesuffix("-eng.eng")
        sides = (side.read_text(encoding="utf-8").split("\n") for side in (path, path.with_suffix(f".{code}")))
        for english, other in zip(*sides, strict=False):
            if english.strip() and other.strip():
                yield Pair(code, "tatoeba112", 1.0, texts=(english.strip(), other.strip()))


def _code(language: str) -> str:
    """The NLLB code of a language that the translator has, else the code as it is."""
    return next((known for known in LANGUAGES.values() if known.startswith(language)), language)


UNER = {
    "pt": "por_Latn", "sk": "slk_Latn", "hr": "hrv_Latn", "sr": "srp_Latn", "da": "dan_Latn", "sv": "swe_Latn",
    "zh": "zho_Hans",
}  # fmt: skip
"""Languages of Universal NER with training sets."""
_SHARED = ("PER", "ORG", "LOC")


def read_uner(path: Path) -> list[tuple[list[str], list[str]]]:
    """Read Universal NER columns: its three types, words outside as `NOT_NAMED`, other types ignored."""
    sentences: list[tuple[list[str], list[str]]] = []
    words: list[str] = []
    labels: list[str] = []
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if words:
                sentences.append((words, labels))
            words, labels = [], []
            continue
        columns = line.split("\t")
        kind = columns[2]
        words.append(columns[1])
        labels.append(NOT_NAMED if kind == "O" else kind if kind[2:] in _SHARED else IGNORED)
    return sentences


def _universal(data: Path) -> Iterator[Pair]:
    folder = data / "uner"
    for part in ("dev", "test"):
        for words, labels in read_uner(folder / f"en_ewt-ud-{part}.iob2"):
            yield Pair("eng", f"uner-eng/{part}", 1.0, ([], words), ([], labels))
    for path in sorted(folder.glob("*-train.iob2")):
        for words, labels in read_uner(path):
            yield Pair(UNER[path.name[:2]][:3], "uner/train", 1.0, ([], words), ([], labels))


def read_all(data: Path) -> Iterator[Pair]:
    """Every training pair of the data folder."""
    for code in LANGUAGES:
        yield from _english_sources(data / "conll-parallel", code)
        yield from _native_sources(data / "conll-parallel", code)
    yield from _raw_sources(data)
    yield from _many_languages(data)
    yield from _universal(data)


def for_translation(pairs: list[Pair]) -> list[Pair]:
    """The pairs of the languages that the translator knows."""
    known = ("gold", "native", "parallel", "ntrex")
    return [pair for pair in pairs if pair.language in LANGUAGES.values() and pair.group in known]


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


def load_corpus(path: Path, every: int = 1) -> list[Pair]:
    """Read what `write_corpus` wrote, or of it each `every`-th pair."""
    decoder = msgspec.json.Decoder(Pair)
    with path.open("rb") as file:
        return [decoder.decode(line) for line in islice(file, 0, None, every)]
