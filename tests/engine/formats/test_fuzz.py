"""Whatever stands in files, results and rejects are as many as records, and nothing but our errors comes out."""

from __future__ import annotations

import io
import random
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from fakes import FakeEncoder, FakeModels
from spanport import Engine, Pair, Projection, RecordError, SpanportError
from spanport.errors import FormatError, LengthMismatchError, UsageError
from spanport.formats import FORMATS, Rejected, parallel, read, read_alignments
from spanport.formats.extras import LIBRARIES
from spanport.systems.base import make_system, system_names

CHEAP = {
    name: options
    for name in system_names()
    for options in [{"view": False}] * (name == "calibrated") + [{}]
    if not make_system(name, options).needs - {"source", "links"}
}
WORDS = ("Ana", "Ruiz", "Łódź", "國立", "e\u0301", "👩‍👩‍👧", "'s", "-", "O", "\u200b", "B-PER", "#", "\\", '"', "0")
TAGS = ("O", "B-PER", "I-PER", "E-LOC", "S-LOC", "L-X", "I-LOC", "PER", "B-")


class Maker:
    """Files of one format that are nearly right."""

    def __init__(self, random_: random.Random) -> None:
        self.random = random_

    def records(self, form: str, count: int) -> bytes:
        start = {"csv": b"text,spans\n", "tmx": b"<tmx>"}.get(form, b"")
        data = start + b"".join(getattr(self, form, self.other)() for _ in range(count))
        for _ in range(self.random.choice([0, 0, 1, 3])):
            at = self.random.randrange(len(data) + 1)
            noise = self.random.choice([b"\xff", b"\n", b"\t", b" ", b"\r", b"\0", b'"', b"9", b"-", b"\xed\xa0\x80"])
            data = data[:at] + noise + data[at + self.random.randrange(3) :]
        return data

    def words(self) -> list[str]:
        return self.random.choices(WORDS, k=self.random.randrange(7))

    def text(self) -> bytes:
        return f"{' '.join(self.words())}\n".encode()

    def conll(self) -> bytes:
        return "".join(f"{word}\t{self.random.choice(TAGS)}\n" for word in self.words()).encode() + b"\n"

    def iob2(self) -> bytes:
        rows = "".join(f"{i}\t{word}\t{self.random.choice(TAGS)}\t-\t-\n" for i, word in enumerate(self.words(), 1))
        return f"# text = {' '.join(self.words())}\n{rows}\n".encode()

    def jsonl(self) -> bytes:
        number = self.random.randrange
        spans = [[number(-1, 12), number(12), "PER"] for _ in range(number(3))]
        field = self.random.choice(["spans", "label", "entities", "labels", "annotations"])
        quoted = [word.replace("\\", "\\\\").replace('"', '\\"') for word in self.words()]
        tokens = ", ".join(f'"{word}"' for word in quoted)
        kind = self.random.choice([f'"text": "{" ".join(quoted)}"', f'"tokens": [{tokens}]'])
        return f'{{{kind}, "{field}": {spans}}}\n'.replace("'", '"').encode()

    def conllu(self) -> bytes:
        tags = [f"NER={self.random.choice(TAGS)}" for _ in range(7)]
        rows = "".join(f"{i}\t{word}" + "\t_" * 7 + f"\t{tags[i]}\n" for i, word in enumerate(self.words()))
        return f"# text = {' '.join(self.words())}\n{rows}\n".encode()

    def csv(self) -> bytes:
        head = b"" if self.random.random() < 0.8 else b"text,spans\n"
        return head + f"{' '.join(self.words())},{self.random.choice(['', '[]', '[[0,1,2]]', 'x'])}\n".encode()

    def tmx(self) -> bytes:
        language = self.random.choice(["en", "es", "?"])
        return f'<tu><tuv xml:lang="{language}"><seg>{self.words()}</seg></tuv></tu>'.encode()

    def links(self, count: int) -> bytes:
        number = self.random.randrange
        return b"".join(
            " ".join(f"{number(7)}{self.random.choice('---p')}{number(7)}" for _ in range(number(7))).encode() + b"\n"
            for _ in range(count)
        )

    def other(self) -> bytes:
        return self.random.randbytes(self.random.randrange(40)) + b"\n"


def rows_of(source: Path, form: str, target: bytes, links: bytes) -> list[tuple[object, ...]]:
    """The records of three files in step, those without a counterpart left out."""
    rows = list[tuple[object, ...]]()
    try:
        readers = [
            ("source", read(source, form, "eng_Latn")),
            ("target", read(io.BytesIO(target), "text", labels=False)),
            ("links", read_alignments(io.BytesIO(links))),
        ]
        for row in parallel(*readers):  # type: ignore[arg-type]
            rows.append(row)
    except LengthMismatchError:
        pass
    except (UsageError, FormatError):  # the file as a whole is refused
        assert form not in ("text", "jsonl", "iob2") or b"\t" in source.read_bytes()
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("system", sorted(CHEAP))
@pytest.mark.parametrize("form", sorted(form.name for form in FORMATS.values() if form.read))
def test_results_and_rejects_are_the_records(form: str, system: str, tmp_path: Path) -> None:
    if FORMATS[form].extra:
        pytest.importorskip(LIBRARIES[FORMATS[form].extra], reason="the extra is not installed")
    engine = Engine(FakeModels(FakeEncoder()))  # type: ignore[arg-type]

    @seed(0)
    @settings(max_examples=40, deadline=None, database=None)
    @given(st.randoms(use_true_random=False), st.integers(0, 12))
    def check(random_: random.Random, count: int) -> None:
        maker = Maker(random_)
        source = tmp_path / "source.x"
        source.write_bytes(maker.records(form, count))
        rows = rows_of(source, form, maker.records("text", count), maker.links(count))
        good = [row for row in rows if not any(isinstance(item, Rejected) for item in row)]
        pairs = [Pair(left.sentence, right.sentence, links.alignment) for left, right, links in good]  # type: ignore[attr-defined]
        found = engine.project(pairs, system=system, options=CHEAP[system], aligned=True, on_error="return")
        for pair, result in zip_longest(pairs, found):
            assert isinstance(result, Projection | SpanportError), repr(result)
            if isinstance(result, Projection):
                assert result.target.text == pair.target.text
                write_everywhere(result)

    check()


def write_everywhere(projection: Projection) -> None:
    """Every writer gives bytes of one record, or says why not."""
    for form in FORMATS.values():
        if form.encode_projection is None:
            continue
        try:
            data = form.encode_projection(projection)
        except RecordError:
            continue
        assert data.endswith(b"\n"), form.name
        if form.name != "text":
            assert len(list(read(io.BytesIO(data), "jsonl" if form.save else form.name))) == 1, form.name
