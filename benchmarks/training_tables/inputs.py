"""What a task is given: parts of the public data sets, by name; nothing of them is kept but in the work folder.

DATA holds `conll-parallel` (CoNLL 2002/2003 and their translations), `masakhaner2` and `lafand` (Adelani et al.
2022), `uner` (Mayhew et al. 2024) and `europarl-ner` (Agerri et al. 2018).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spanport.formats import Rejected, labelled_format, read
from spanport.languages import resolve
from spanport.training.inputs import without
from spanport.types import Sentence
from spanport_models.bundle import sha256_of

PAIRS = 1500
"""Parallel sentences of a language: the first ones that may name something."""
PAIR_WORDS = 60
"""Most words of an English side."""
ENGLISH = 1250
"""Labelled English sentences where target text is trained on beside them."""
SOURCE = 1000
"""Labelled sentences of each source of the curve, and of the target text of its mixtures."""
NATIVE_WORDS = 30_000
"""Of native text, about."""
TESTED = 600
"""Sentences of a test set."""
UNER_FILES = {
    "en": "en_ewt", "pt": "pt_bosque", "hr": "hr_set", "sk": "sk_snk", "da": "da_ddt", "sv": "sv_talbanken",
    "sr": "sr_set", "zh": "zh_gsd",
}  # fmt: skip


class Inputs:
    """Reads the data sets under `data`, and writes parts of them under `work`."""

    def __init__(self, data: Path, work: Path) -> None:
        self.data, self.work = data, work
        work.mkdir(parents=True, exist_ok=True)

    def given(self, name: str) -> dict[str, Any]:
        """Arguments of a request to train: `labelled`, `text`, `parallel`, `drop_labels`."""
        kind, _, rest = name.partition("/")
        if kind == "english":
            return {"labelled": [self.english()]}
        if kind == "lafand":
            code, _, more = rest.partition("+")
            return {
                "labelled": [self.english(ENGLISH)] if more == "english" else [],
                "parallel": self.lafand(code),
                "drop_labels": ("DATE", "MISC"),
            }
        if kind == "native":
            return {"labelled": [self.english(ENGLISH)], "parallel": self._native(rest)}
        sources, _, target = rest.partition(">")
        labelled = [self.uner(code, "train")[:SOURCE] for code in sources.split("+")]
        text = (
            without(self.uner(target, "train")[:SOURCE], frozenset({"PER", "ORG", "LOC", "OTH"})) if target else None
        )
        return {"labelled": labelled, "text": text, "drop_labels": ("OTH",)}

    def english(self, count: int = 0) -> list[Sentence]:
        """CoNLL 2003 English, or the first sentences of it."""
        return self._read("conll-parallel/original/en.train.tsv", "en")[: count or None]

    def uner(self, code: str, part: str) -> list[Sentence]:
        """A part of a UNER treebank; the English one has no train set, its dev set stands for it."""
        if code == "en" and part == "train":
            part = "dev"
        return self._read(f"uner/{UNER_FILES[code]}-ud-{part}.iob2", code)

    def test(self, name: str) -> tuple[list[Sentence], frozenset[str]]:
        """The first sentences of a gold test set, and the labels that do not count there."""
        found, ignored = self._gold(name)
        return found[:TESTED], ignored

    def _gold(self, name: str) -> tuple[list[Sentence], frozenset[str]]:
        kind, _, code = name.partition("/")
        if kind == "conll":
            return self._read(f"conll-parallel/original/{code}.test.tsv", code), frozenset()
        if kind == "masakhaner2":
            return self._read(f"masakhaner2/{code}/test.txt", code), frozenset({"DATE", "MISC"})
        if kind == "europarl":
            return self._read(f"europarl-ner/{code}.test.conll02", code), frozenset({"MISC"})
        return self.uner(code, "test"), frozenset({"OTH", "MISC"})

    def _read(self, path: str, code: str) -> list[Sentence]:
        whole = str(self.data / path)
        records = read(whole, labelled_format(whole), resolve(code))
        return [one.sentence for one in records if not isinstance(one, Rejected) and one.sentence.words]

    def lafand(self, code: str) -> tuple[str, str]:
        """Files of parallel text, English first."""
        sides = [(self.data / f"lafand/en-{code}/train.{side}").read_text().splitlines() for side in ("en", code)]
        named = [pair for pair in zip(*sides, strict=True) if _names(pair[0].split())]
        return self._pairs(code, *map(list, zip(*named[:PAIRS], strict=True)))

    def _native(self, code: str) -> tuple[str, str]:
        """Native text with its machine translation, both without labels: of about so many words."""
        sides = [
            self._read(f"conll-parallel/{path}.train.tsv", language)
            for path, language in ((f"{code}2en/deepl", "en"), (f"original/{code}", code))
        ]
        count = words = 0
        while words < NATIVE_WORDS:
            words += len(sides[1][count].words)
            count += 1
        return self._pairs(code, *([" ".join(one.word_texts()) for one in side[:count]] for side in sides))

    def _pairs(self, code: str, *sides: list[str]) -> tuple[str, str]:
        paths = [self.work / f"{code}-{name}.txt" for name in ("source", "target")]
        for path, lines in zip(paths, sides, strict=True):
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(paths[0]), str(paths[1])


def _names(words: list[str]) -> bool:
    """Whether an English sentence may name something: a capital after its first word, that of "I" apart."""
    capitals = (word for word in words[1:] if word[0].isupper())
    return len(words) <= PAIR_WORDS and any(word[1:2] not in ("", "'", "’") for word in capitals)


def base_name(folder: Path) -> str:
    """The first digits of the digest of a base's weights."""
    return sha256_of(folder / "model.safetensors")[:12]
