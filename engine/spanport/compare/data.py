"""Gold data for a comparison: one file, or a folder with files of several languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from spanport.errors import LanguageError, UsageError
from spanport.formats import Rejected, is_readable, parallel, read_alignments
from spanport.formats.inputs import find_input
from spanport.formats.reading import holds_documents
from spanport.formats.records import Reading
from spanport.languages import resolve
from spanport.types import Alignment, Pair, Sentence

EMPTY = Sentence("")


class DataSet(NamedTuple):
    """Gold sentences of one language, with a source and links for each where they are given.

    ``rejected``: records that could not be read, and why; they are left out on all sides.
    """

    title: str
    language: str
    gold: list[Sentence]
    pairs: list[Pair] | None
    aligned: bool
    rejected: list[Rejected]


def find_sets(data: str, languages: Sequence[str], part: str = "test") -> list[tuple[str, str]]:
    """The language (as given) and the path of each file to compare on.

    data: a file, a pattern, or a folder that is one data set; a folder, whose files below count where a folder or the
    first part of the name is a language (``hau/test.txt``, ``es.test.tsv``) and ``part`` is part of the name; or a
    path in which ``{lang}`` stands for each of the languages. languages: those wanted; all by default.

    Raises:
        UsageError: nothing is found, a language is missing, or a file's language is unknown.
    """
    if "{lang}" in data:
        if not languages:
            raise UsageError(f"{data}: name the languages that {{lang}} stands for with --lang")
        return [(code, data.replace("{lang}", code)) for code in languages]
    if not Path(data).is_dir() or holds_documents(data):
        code = languages[0] if len(languages) == 1 else _language_in(Path(data))
        if code is None:
            raise UsageError(f"{data}: its name says no language; pass one with --lang")
        return [(code, data)]
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(Path(data).rglob("*")):
        if is_readable(str(path)) and part in path.name.split(".")[:-1]:
            code = _language_in(path.relative_to(data))
            if code is not None:
                found.setdefault(resolve(code), (code, str(path)))
    if missing := [code for code in languages if resolve(code) not in found]:
        raise UsageError(f"{data} has no {part} file for {', '.join(missing)}; there are {_names(found) or 'none'}")
    wanted = {resolve(code) for code in languages} or set(found)
    if not wanted:
        raise UsageError(f"{data} has no file whose name says a language and {part!r}")
    return [found[code] for code in found if code in wanted]


def load_set(
    language: str,
    path: str,
    *,
    input_format: str | None = None,
    reading: Reading | None = None,
    source: str | None = None,
    source_format: str | None = None,
    source_language: str = "eng_Latn",
    alignments: str | None = None,
    swap: bool = False,
    limit: int = 0,
) -> DataSet:
    """Read a data set.

    path: a file, a pattern or a folder; input_format: by default what the path's ending says, ``.txt`` being columns;
    reading: how its fields are called, and what becomes of labels (of sources too); source: file of labelled sources,
    line by line, in source_format; alignments: Pharaoh file of links source-target (``swap``: target-source); limit:
    only the first records, 0 for all.

    Raises:
        UsageError: alignments without a source.
        LengthMismatchError: the files are not parallel.
    """
    if alignments and not source:
        raise UsageError("alignments are of given sentence pairs: give the source too")
    code, how = resolve(language), reading or Reading()
    data = find_input(path, input_format, replace(how, language=code), labelled=True)
    readers: list[tuple[str, Any]] = [(data.name, data.read())]
    if source:
        theirs = Reading(language=resolve(source_language), map_labels=how.map_labels)
        readers.append((source, find_input(source, source_format, theirs, labelled=True).read()))
    if alignments:
        readers.append((alignments, read_alignments(alignments)))
    gold, pairs, rejected = [], [], []
    for records in parallel(*readers):
        bad = [record for record in records if isinstance(record, Rejected)]
        rejected += bad
        if not bad:
            target = records[0].sentence
            gold.append(target)
            links = _links(records[2].alignment, swap) if alignments else None
            pairs.append(Pair(records[1].sentence if source else EMPTY, target, links))
        if limit and len(gold) >= limit:
            break
    return DataSet(code, code, gold, pairs if source else None, bool(alignments), rejected)


def _links(alignment: Alignment, swap: bool) -> Alignment:
    return Alignment(tuple(sorted((j, i) for i, j in alignment))) if swap else alignment


def _language_in(path: Path) -> str | None:
    """The language that a path names: the first part of the file's name, or the nearest folder."""
    for name in (path.name.split(".")[0], *reversed(path.parts[:-1])):
        try:
            resolve(name)
        except LanguageError:
            continue
        return name
    return None


def _names(found: dict[str, tuple[str, str]]) -> str:
    return ", ".join(code for code, _ in found.values())
