"""The tables as rows: what is trained on what, from which base, for how many words, and what it is tested on.

Every method of a table passes over the same number of words, all its fits together: the same CPU time but for the
reading of a teacher's answers. Nothing is chosen on labels of a target language; test sets are scored once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

LOW = ("lug", "swa", "yor", "hau", "tsn", "twi")
NATIVE = ("es", "de")
UNER = ("en", "pt", "hr", "sk", "da", "sv")
"""The sources of the curve, in the order in which they are added."""
MIXED = (1, 2, 4, 6)
"""Of how many of them there are mixtures of teachers, and adversarial ones."""
UNSEEN = ("sr", "zh")
LOW_WORDS = 40_000
CLOSER = "tsn"
"""The low-resource language that is looked at more closely: a tuned aligner, and what doubt is worth."""
RECALLED = "lug"
"""That of the table of recall."""
OUT = ("uner/en", "europarl/en", "europarl/de", "europarl/es")
Base = Literal["pre-trained", "english", "mini"]
NOTHING: Mapping[str, Any] = MappingProxyType({})
ALONE: Mapping[str, Any] = MappingProxyType({"sources": False})
"""Target text alone: the base has learned from English already."""


class Task(NamedTuple):
    """One training.

    `data` names what it is given (see `training_tables.inputs`), `words` how many it passes over, `method` is one of
    spanport's or of `training_tables.methods`, "" for the base as it is, or `label:SYSTEM` for what `label` finds.
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
    """All of them; those that share data follow each other."""
    yield Task("english", "english", "en", "direct", "pre-trained", "english", ("conll/en",), 100_000)
    yield from _low_resource()
    yield from _native()
    yield from _curve()
    yield from _contrast()
    yield from _recall()
    yield from _closer()


def _low_resource() -> Iterator[Task]:
    table, every = "low-resource", tuple(f"masakhaner2/{code}" for code in LOW)
    yield Task(table, "mini as it is", "all", "", "mini", "english", every, 0)
    yield Task(table, "direct", "all", "direct", "mini", "english", every, LOW_WORDS)
    for code in LOW:
        for method in ("projected", "self"):
            data, tests = f"lafand/{code}", (f"masakhaner2/{code}",)
            yield Task(table, method, code, method, "mini", data, tests, LOW_WORDS, ALONE)


def _closer() -> Iterator[Task]:
    """An aligner tuned on the text, and what doubt is worth."""
    data, tests = f"lafand/{CLOSER}", (f"masakhaner2/{CLOSER}",)
    doubt: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        ("as it is", {}, {}),
        ("hard labels", {"hard": True}, {}),
        ("no mask", {}, {"mask": False}),
        ("no weights", {}, {"weigh": False}),
    )
    for name, options, lessons in doubt:
        given = {**ALONE, "rounds": 1, **options}
        yield Task("doubt", name, CLOSER, "self", "mini", data, tests, LOW_WORDS, given, lessons)
    name = "projected, aligner tuned on the text"
    yield Task("doubt", name, CLOSER, "projected", "mini", f"{data}+tuned", tests, LOW_WORDS, ALONE)


def _native() -> Iterator[Task]:
    table, words = "native", 30_000
    tests = tuple(f"conll/{code}" for code in NATIVE)
    yield Task(table, "English alone, as it is", "all", "", "english", "english", tests, 0)
    for code in NATIVE:
        for system in ("model-transfer", "calibrated"):
            name, data = f"the same, `label --system {system}`", f"native/{code}"
            yield Task(table, name, code, f"label:{system}", "english", data, (f"conll/{code}",), 0)
    yield Task(table, "direct", "all", "direct", "english", "english", tests, words)
    for code in NATIVE:
        data, test = f"native/{code}", (f"conll/{code}",)
        yield Task(table, "self, one round", code, "self", "english", data, test, words, {**ALONE, "rounds": 1})
        for method in ("self", "teacher", "unitrans", "advpicker", "concner", "colada"):
            options = ALONE if method == "self" else NOTHING
            yield Task(table, method, code, method, "english", data, test, words, options)


def _curve() -> Iterator[Task]:
    table, tests = "sources", tuple(f"uner/{code}" for code in UNSEEN)
    for count in range(1, len(UNER) + 1):
        data = "uner/" + "+".join(UNER[:count])
        yield Task(table, f"{count}: {'+'.join(UNER[:count])}", "all", "direct", "english", data, tests, 12_000)
    code = UNSEEN[0]
    for count in MIXED:
        data, tests = f"uner/{'+'.join(UNER[:count])}>{code}", (f"uner/{code}",)
        for weights in ("uniform", "learned", "nn-rank")[: 1 if count == 1 else 3]:
            name, words = f"{count}, one teacher each, {weights}", (count + 1) * 8_000
            yield Task(table, name, code, "multi", "english", data, tests, words, {"weights": weights})
        yield Task(table, f"{count}, adversarial", code, "advpicker", "english", data, tests, 16_000)


def _contrast() -> Iterator[Task]:
    for name, translation, label in (
        ("off", 0, 0),
        ("translation", 0.01, 0),
        ("label", 0, 0.01),
        ("both", 0.01, 0.01),
    ):
        options = {"translation": translation, "label": label}
        yield Task("contrast", name, "all", "contrasted", "english", "native/de", OUT, 30_000, options)


def _recall() -> Iterator[Task]:
    table, tests, words = "recall", (f"masakhaner2/{RECALLED}",), 30_000
    for name, method in (
        ("English alone", "direct"), ("masked text, then English", "masked"), ("projected labels", "projected")
    ):  # fmt: skip
        data = f"lafand/{RECALLED}+english"
        yield Task(table, name, RECALLED, method, "english", data, tests, words)
