"""brat's standoff: a folder of ``NAME.txt`` with ``NAME.ann`` beside it; a document is a record.

Lines ``T1<tab>PER 0 8<tab>Ana Ruiz`` are the spans; offsets count Unicode characters of the text, line ends included.
Other lines (relations, attributes, notes) are kept in ``extra["brat"]`` and written out again. The name of a document
is its ``id``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import fspath
from pathlib import Path
from typing import Any

from spanport.errors import FormatError, RecordError, SpanError, UsageError
from spanport.formats.arrow import table_path
from spanport.formats.lines import Source, decode, encode, show
from spanport.formats.offsets import to_codepoints
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.formats.staged import Staged
from spanport.types import Sentence, Span, check_spans

ENTITY = re.compile(r"(T\S+)\t(\S+) ([0-9]+) ([0-9]+)\t(.*)")
NAME = re.compile(r"[^/\\\x00]+")


def read_brat(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per document, by their names; ``line`` counts documents. Annotations without text are rejected.

    Raises:
        UsageError: at once, when there is no document.
    """
    path = Path(table_path(source, "brat"))
    files = [*path.glob("*.txt"), *path.glob("*.ann")] if path.is_dir() else [path]
    texts = sorted({file.with_suffix(".txt") for file in files})
    if not any(text.is_file() for text in texts):
        raise UsageError(f"{path} holds no brat document; expected NAME.txt with NAME.ann beside it")
    return _read(texts, reading)


def save_brat(path: str, records: Staged) -> None:
    """Write each record as two files of a folder, named by its ``id`` or else its number."""
    folder = Path(path)
    folder.mkdir(exist_ok=True)
    taken: set[str] = set()
    for number, fields in enumerate(records, 1):
        name = str(fields.get("id", f"{number:06}"))
        if not NAME.fullmatch(name) or name in taken or name.startswith("."):
            name = f"{number:06}-{len(taken)}"
        taken.add(name)
        spans = [
            f"T{i}\t{span['label']} {span['start']} {span['end']}\t{span['text']}"
            for i, span in enumerate(fields["spans"], 1)
        ]
        bad = next((span["label"] for span in fields["spans"] if not re.fullmatch(r"\S+", span["label"])), None)
        if bad is not None:
            raise FormatError(
                f"record {number}: brat cannot hold the label {bad!r}, which is not one word; rename it"
            )
        rest = [str(line) for line in fields.get("brat") or ()]
        lines = [line.replace("\r\n", " ").replace("\n", " ").replace("\r", " ") for line in spans]
        (folder / f"{name}.txt").write_bytes(encode(fields["text"]))
        (folder / f"{name}.ann").write_bytes(encode("".join(f"{line}\n" for line in [*lines, *rest])))


def _read(texts: list[Path], reading: Reading) -> Iterator[ReadResult]:
    for number, path in enumerate(texts, 1):
        raw = b""
        try:
            raw = path.read_bytes()
            sentence = Sentence(decode(raw, number), reading.language, extra={"id": path.stem})
            yield Read(number, _labelled(sentence, path.with_suffix(".ann"), reading))
        except OSError as error:
            yield Rejected(number, FormatError(f"{fspath(path)}: {error.strerror}", line=number), "")
        except RecordError as error:
            error.line = number
            yield Rejected(number, type(error)(f"{path.with_suffix('.ann')}: {error}", line=number), show(raw))


def _labelled(sentence: Sentence, path: Path, reading: Reading) -> Sentence:
    lines = decode(path.read_bytes(), 0).splitlines() if path.exists() else []
    spans, rest = list[Span](), list[str]()
    for line in lines:
        if line.startswith("T"):
            spans.append(_span(line, sentence.text, reading))
        elif line.strip():
            rest.append(line)
    extra: dict[str, Any] = {**(sentence.extra or {}), **({"brat": rest} if rest else {})}
    found = check_spans(sentence.text, spans, overlapping=True) if reading.labels else ()
    return Sentence(sentence.text, sentence.language, spans=found, extra=extra)


def _span(line: str, text: str, reading: Reading) -> Span:
    match = ENTITY.fullmatch(line)
    if match is None:
        what = "is discontinuous, which spans are not" if ";" in line.split("\t")[1:2].__str__() else "is malformed"
        raise FormatError(f"entity {line!r:.80} {what}; expected 'T1<tab>PER 0 8<tab>text'")
    name, label, start, end, said = match.groups()
    (span,) = to_codepoints(text, [Span(int(start), int(end), label)], reading.offsets)
    there = text[span.start : span.end]
    if " ".join(there.split()) != " ".join(said.split()):
        raise SpanError(
            f"entity {name} ({label} {start} {end}) says {said!r} but the text there is {there!r}; say what its "
            "offsets count: --offsets bytes or utf16"
        )
    return span
