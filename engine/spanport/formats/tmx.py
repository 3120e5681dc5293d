"""TMX translation memories, read for one language: the segments of its ``tuv`` elements, a record per ``tu``.

A file that is read once for the source and once for the target gives parallel records; a unit without the language
is rejected. The file is read as a stream. Inline elements (``bpt``, ``ph``, ...) are left out with what they hold,
except ``hi`` and ``sub``, whose text belongs to the segment. Entities that a file declares are refused, never
expanded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from spanport.errors import FormatError, LanguageError, RecordError, UsageError
from spanport.formats.lines import Source, read_lines
from spanport.formats.records import Read, Reading, ReadResult, Rejected
from spanport.languages import resolve
from spanport.types import Sentence

TEXT_ELEMENTS = frozenset({"seg", "hi", "sub"})


def read_tmx(source: Source, reading: Reading) -> Iterator[ReadResult]:
    """One sentence per unit, in the language of ``reading``; ``line`` is that of the unit.

    Raises:
        UsageError: at once, when no language is named.
        FormatError: while reading, where the file is no XML, or declares entities.
    """
    if not reading.language:
        raise UsageError("a TMX file holds several languages; name the one to read with --lang")
    return _read(read_lines(source), reading.language)


def _read(lines: Iterator[bytes], language: str) -> Iterator[ReadResult]:
    units = _Units(language)
    try:
        for line in lines:
            units.parser.Parse(line + b"\n")
            while units.done:
                yield units.done.popleft()
        units.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise FormatError(f"the TMX file is not well-formed: {error}") from error
    while units.done:
        yield units.done.popleft()


class _Units:
    """What the parser has found: ``done`` are the records of units that have ended."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.done: deque[ReadResult] = deque()
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self._open: list[str] = []
        self._line = 0
        self._codes: list[str] = []
        self._texts: list[str] = []
        self._matches = False
        self._found: str | None = None
        self._parts: list[str] = []

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name)
        if name == "tu":
            self._line, self._found = self.parser.CurrentLineNumber, None
            self._codes, self._texts = [], []
        elif name == "tuv":
            code = attributes.get("xml:lang") or attributes.get("lang", "")
            self._codes.append(code)
            self._matches = self._found is None and _same(code, self.language)
        elif name == "seg":
            self._parts = []

    def _end(self, name: str) -> None:
        self._open.pop()
        if name == "seg":
            self._texts.append("".join(self._parts))
            if self._matches:
                self._found = self._texts[-1]
        elif name == "tuv":
            self._matches = False
        elif name == "tu":
            self.done.append(self._record())

    def _text(self, data: str) -> None:
        if self._open[-1:] and self._open[-1] in TEXT_ELEMENTS:
            self._parts.append(data)

    def _record(self) -> ReadResult:
        if self._found is not None:
            return Read(self._line, Sentence(self._found, self.language))
        message = f"the unit has no segment in {self.language}; it has {', '.join(self._codes) or 'none'}"
        error: RecordError = FormatError(message, line=self._line)
        return Rejected(self._line, error, " | ".join(self._texts))

    def _entity(self, name: str, *_: Any) -> None:
        raise FormatError(
            f"the TMX file declares the entity {name!r}, which could expand without end; remove its declarations"
        )


def _same(code: str, language: str) -> bool:
    """Whether a code such as ``es-419`` is of a language."""
    for known in (code, code.partition("-")[0]):
        try:
            if resolve(known) == language:
                return True
        except LanguageError:
            continue
    return False
