"""What people train with: files or sentences, read and checked before any work begins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from spanport.errors import LanguageError, RuntimeMissingError, UsageError
from spanport.formats import Rejected, labelled_format, parallel, read, read_alignments
from spanport.languages import resolve
from spanport.shown import counted
from spanport.training.guess import doubt_language
from spanport.types import Alignment, Pair, Sentence
from spanport.words import with_words

Text = str | PathLike[str] | Sequence[Sentence]
"""A file, or the sentences themselves."""
Links = list[tuple[Alignment, Alignment]]
"""Sure links, and sure and possible ones, of each pair."""
LEAST = 8
"""Sentences below which there is nothing to train on."""


class Set(NamedTuple):
    """A data set: what messages call it, its language (NLLB code), its sentences with their words."""

    name: str
    language: str
    sentences: list[Sentence]


class Notes:
    """What is worth saying about the inputs: told at once, and kept for the report."""

    def __init__(self, say: Any) -> None:
        self._say = say
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Tell and keep a note."""
        self._say(f"note: {line}")
        self.lines.append(line)


def require_extra() -> None:
    """Raise RuntimeMissingError where the extra `train` is not installed."""
    from importlib.util import find_spec

    for name in ("torch", "transformers", "optimum", "onnx"):
        if find_spec(name) is None:
            raise RuntimeMissingError(f"training needs {name}; run pip install 'spanport[cpu,train]'")


Options = TypeVar("Options", bound=msgspec.Struct)


def checked(options: Options) -> Options:
    """The options, their values checked. Raises UsageError for one that does not fit."""
    try:
        return msgspec.convert(msgspec.structs.asdict(options), type(options))
    except msgspec.ValidationError as error:
        raise UsageError(f"{type(options).__name__}: {error}") from error


def read_labelled(given: Text, notes: Notes, language: str = "") -> Set:
    """Labelled sentences: `FILE`, `FILE:LANG` (default English), or sentences.

    Raises UsageError when there are too few, when nothing is labelled, or when every word is.
    """
    if isinstance(given, str | PathLike):
        path, _, code = fspath(given).rpartition(":")
        if not path:
            path, code = code, language or "eng_Latn"
        try:
            language = resolve(code)
        except LanguageError as error:
            raise UsageError(f"{fspath(given)}: {error}; expected FILE or FILE:LANG, such as en.conll:en") from error
        found = Set(path, language, _sentences(path, labelled_format(path), language, notes, labels=True))
    else:
        sentences = [with_words(sentence) for sentence in given]
        code = language or next((one.language for one in sentences if one.language), "eng_Latn")
        found = Set("sentences", resolve(code), sentences)
    _enough(found)
    kinds = {span.label for sentence in found.sentences for span in sentence.spans}
    if not kinds:
        raise UsageError(
            f"{found.name} has no label: every word is O; expected labelled sentences, such as B-PER I-PER O"
        )
    free = sum(len(s.words) - sum(end - start for start, end, _ in s.word_spans()) for s in found.sentences)
    if free <= 0:
        named = ", ".join(sorted(kinds))
        raise UsageError(f"{found.name}: every word is labelled {named}; expected words without a label too")
    if len(kinds) == 1:
        notes.add(f"{found.name} has one label only: {next(iter(kinds))}")
    warn_language(found, notes)
    return found


def read_text(given: Text, language: str, notes: Notes) -> Set:
    """Target sentences; their labels, if any, stay unread. Raises UsageError when there are too few."""
    if isinstance(given, str | PathLike):
        path = fspath(given)
        found = Set(path, language, _sentences(path, None, language, notes, labels=False))
    else:
        bare = [msgspec.structs.replace(with_words(one), spans=(), language=language) for one in given]
        found = Set("sentences", language, bare)
    _enough(found)
    warn_language(found, notes)
    return found


def read_pairs(
    source: str,
    target: str,
    alignment: str | None,
    source_language: str,
    language: str,
    notes: Notes,
    *,
    labels: bool = False,
) -> tuple[str, list[Pair]]:
    """Parallel sentences with words, sources with their labels where the file has some; `labels`: targets too.

    Raises LengthMismatchError when the files are not parallel, UsageError when there are too few.
    """
    readers: list[Any] = [
        (source, read(source, None, source_language)),
        (target, read(target, None, language, labels=labels)),
    ]
    if alignment:
        readers.append((alignment, read_alignments(alignment)))
    pairs, bad = [], []
    for records in parallel(*readers):
        rejected = [record for record in records if isinstance(record, Rejected)]
        bad += rejected
        sides = [] if rejected else [with_words(record.sentence) for record in records[:2]]
        if all(side.words for side in sides) and sides:
            pairs.append(Pair(sides[0], sides[1], records[2].alignment if alignment else None))
    _tell_rejected(f"{source} and {target}", bad, notes)
    found = Set(target, language, [pair.target for pair in pairs])
    _enough(found)
    warn_language(found, notes)
    warn_language(Set(source, source_language, [pair.source for pair in pairs]), notes)
    return f"{Path(source).name} and {Path(target).name}", pairs


def two_files(files: Sequence[str], option: str) -> tuple[str, str]:
    """A source and a target file. Raises UsageError for another number of files."""
    if len(files) != 2:
        raise UsageError(f"{option} {' '.join(map(str, files))}: expected SOURCE TARGET")
    return str(files[0]), str(files[1])


def read_gold(path: str, count: int) -> Links:
    """Sure and possible links of every pair. Raises UsageError for a line that is none, or too many or few."""
    found = []
    for record in read_alignments(path):
        if isinstance(record, Rejected):
            raise UsageError(f"{path}, line {record.line}: {record.error}")
        found.append((record.alignment, record.possible))
    if len(found) != count:
        raise UsageError(f"{path} has links of {len(found)} pairs; expected {count}, those of the test text")
    return found


def warn_language(found: Set, notes: Notes) -> None:
    """Note it where a text does not look like its language."""
    words = (word for sentence in found.sentences for word in sentence.word_texts())
    if doubt := doubt_language(words, found.language):
        notes.add(f"{found.name} may not be {found.language}: {doubt}")


def digest_of(*parts: Any) -> str:
    """SHA-256 over records and what else they are trained with."""

    def plain(value: Any) -> Any:
        if isinstance(value, set | frozenset):
            return sorted(value)
        return str(value)

    return hashlib.sha256(msgspec.json.encode(parts, enc_hook=plain, order="deterministic")).hexdigest()


def without(sentences: Iterable[Sentence], labels: frozenset[str]) -> list[Sentence]:
    """The sentences without the spans of some labels."""
    return [
        msgspec.structs.replace(one, spans=tuple(span for span in one.spans if span.label not in labels))
        for one in sentences
    ]


def _sentences(path: str, format: str | None, language: str, notes: Notes, *, labels: bool) -> list[Sentence]:
    found, bad = [], []
    for record in read(path, format, language, labels=labels):
        if isinstance(record, Rejected):
            bad.append(record)
        elif (sentence := with_words(record.sentence)).words:
            found.append(sentence)
    _tell_rejected(path, bad, notes)
    return found


def _tell_rejected(name: str, bad: Sequence[Rejected], notes: Notes) -> None:
    if bad:
        lost = counted(len(bad), "record")
        notes.add(f"{name}: {lost} left out, which cannot be read; line {bad[0].line}: {bad[0].error}")


def _enough(found: Set) -> None:
    if len(found.sentences) < LEAST:
        raise UsageError(
            f"{found.name} has {counted(len(found.sentences), 'sentence')} with words; expected at least {LEAST} "
            "to train on, and some hundreds to be of use"
        )
