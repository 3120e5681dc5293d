"""Renaming and dropping labels while reading: ``PER=PERSON,MISC=``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from spanport.errors import UsageError
from spanport.formats.records import Read, ReadResult


def parse_mapping(text: str) -> dict[str, str]:
    """The mapping that ``OLD=NEW`` pairs, separated by commas, spell; ``OLD=`` drops a label.

    Raises:
        UsageError: an item is no pair, or names a label twice.
    """
    found: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        old, equals, new = (part.strip() for part in item.partition("="))
        if not equals or not old:
            raise UsageError(f"{item!r} is no pair; expected OLD=NEW, or OLD= to drop, such as PER=PERSON,MISC=")
        if old in found:
            raise UsageError(f"label {old!r} is mapped twice in {text!r}; name it once")
        found[old] = new
    return found


def mapped(
    results: Iterator[ReadResult], labels: Mapping[str, str], met: set[str] | None = None
) -> Iterator[ReadResult]:
    """The results with the labels of their spans renamed; those mapped to nothing are left out.

    ``met`` gathers the labels as they stand in the file.
    """
    for result in results:
        if isinstance(result, Read) and result.sentence.spans:
            if met is not None:
                met.update([span.label for span in result.sentence.spans])
            spans = [(span, labels.get(span.label, span.label)) for span in result.sentence.spans]
            kept = tuple(replace(span, label=label) for span, label in spans if label)
            result = replace(result, sentence=replace(result.sentence, spans=kept))
        yield result
