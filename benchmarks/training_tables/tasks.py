"""The tables as rows: what is trained on what, from which base, for how many words, and what it is tested on.

Every method of a table passes over the same number of words, all its fits together: the same CPU time but for the
reading of a teacher's answers. Nothing is chosen on labels of a target language; test sets are scored once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

LOW = ("lug", "swa", "yor", "hau", "tsn", "twi")
NATIVE = ("es", "de")
UNER = ("en", "pt", "hr", "sk", "da", "sv")
"""The sources of the curve, in the order in which they are added."""
UNSEEN = ("sr", "zh")
OUT = ("uner/en", "europarl/en", "europarl/de", "europarl/es")
Base = Literal["pre-trained", "english", "mini"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Task(NamedTuple):
    """One training.

    `data` names what it is given (see `training_tables.inputs`), `words` how many it passes over, `method` is one of
    spanport's or of `training_tables.methods`, or "" for the base as it is.
    """

    table: str
    name: str
    language: str
    method: str
    base: Base
    data: str
    tests: tuple[str, ...]
    words: int
    options: Mapping[str, Any] = NOTHING
    lessons: Mapping[str, Any] = NOTHING


def tasks() -> Iterator[Task]:
    """All of them, the tables in the order of their worth."""
    yield from _low_resource()
    yield Task("english", "english", "en", "direct", "pre-trained", "english", ("conll/en",), 100_000)
    yield from _native(NATIVE[:1])
    yield from _curve()
    yield from _contrast()
    yield from _recall()
    yield from _native(NATIVE[1:])
    yield from _doubt()


def _low_resource() -> Iterator[Task]:
    table, every, words = "low-resource", tuple(f"masakhaner2/{code}" for code in LOW), 30_000
    yield Task(table, "mini as it is", "all", "", "mini", "english", every, 0)
    yield Task(table, "direct", "all", "direct", "mini", "english", every, words)
    for code in LOW:
        for method in ("projected", "self"):
            data, tests = f"lafand/{code}", (f"masakhaner2/{code}",)
            yield Task(table, method, code, method, "mini", data, tests, words, {"sources": False})


def _native(codes: Sequence[str]) -> Iterator[Task]:
    table, words = "native", 25_000
    tests = tuple(f"conll/{code}" for code in NATIVE)
    if codes[0] == NATIVE[0]:
        yield Task(table, "English alone, as it is", "all", "", "english", "english", tests, 0)
        yield Task(table, "direct", "all", "direct", "english", "english", tests, words)
    for code in codes:
        for method in ("self", "teacher", "unitrans", "advpicker", "concner"):
            yield Task(table, method, code, method, "english", f"native/{code}", (f"conll/{code}",), words)


def _curve() -> Iterator[Task]:
    table, words, tests = "sources", 15_000, tuple(f"uner/{code}" for code in UNSEEN)
    for count in range(1, len(UNER) + 1):
        data = "uner/" + "+".join(UNER[:count])
        yield Task(table, f"{count}: {'+'.join(UNER[:count])}", "all", "direct", "english", data, tests, words)
    every = "uner/" + "+".join(UNER)
    for code in UNSEEN[:1]:
        for weights in ("uniform", "learned", "nn-rank"):
            given = {"weights": weights}
            name = f"{len(UNER)}, one teacher each, {weights}"
            yield Task(table, name, code, "multi", "english", f"{every}>{code}", (f"uner/{code}",), words, given)
        name = f"{len(UNER)}, adversarial"
        yield Task(table, name, code, "advpicker", "english", f"{every}>{code}", (f"uner/{code}",), words)


def _contrast() -> Iterator[Task]:
    for name, translation, label in (("off", 0, 0), ("translation", 0.1, 0), ("label", 0, 0.1), ("both", 0.1, 0.1)):
        method = "contrasted" if translation or label else "direct"
        options = {"translation": translation, "label": label} if method == "contrasted" else {}
        yield Task("contrast", name, "all", method, "english", "native/de", OUT, 15_000, options)


def _recall() -> Iterator[Task]:
    table, tests, words = "recall", ("masakhaner2/lug",), 20_000
    yield Task(table, "English alone", "lug", "direct", "english", "lafand/lug+english", tests, words)
    yield Task(table, "masked text, then English", "lug", "masked", "english", "lafand/lug+english", tests, words)
    yield Task(table, "projected labels", "lug", "projected", "english", "lafand/lug+english", tests, words)


def _doubt() -> Iterator[Task]:
    variants: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        ("hard labels", {"hard": True}, {}),
        ("no mask", {}, {"mask": False}),
        ("no weights", {}, {"weigh": False}),
    )
    for code in LOW[:2]:
        for name, options, lessons in variants:
            given = {"sources": False, **options}
            data, tests = f"lafand/{code}", (f"masakhaner2/{code}",)
            yield Task("doubt", f"self, {name}", code, "self", "mini", data, tests, 30_000, given, lessons)
