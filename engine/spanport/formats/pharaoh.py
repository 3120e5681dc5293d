"""Pharaoh word alignments: one sentence pair a line, links ``i-j`` of 0-indexed words, source first.

``ipj`` is a link that annotators marked as possible only. An empty line is a pair without links.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from spanport.errors import AlignmentError, FormatError
from spanport.formats.lines import decode, numbered, show
from spanport.formats.records import ReadAlignment, ReadAlignmentResult, Rejected
from spanport.types import Alignment

LINK = re.compile(r"([0-9]{1,9})([-p])([0-9]{1,9})")
SURE_ONLY = re.compile(r"[ \t]*(?:[0-9]{1,9}-[0-9]{1,9}(?:[ \t]+|$))*")
NEGATIVE = re.compile(r"-[0-9]+[-p]-?[0-9]+|[0-9]+[-p]-[0-9]+")


def read_pharaoh(lines: Iterable[bytes]) -> Iterator[ReadAlignmentResult]:
    """One alignment per line, links sorted and unique."""
    for number, raw in numbered(lines):
        try:
            sure, possible = parse_links(decode(raw, number))
        except (FormatError, AlignmentError) as error:
            error.line = number
            yield Rejected(number, error, show(raw))
        else:
            yield ReadAlignment(number, sure, possible)


def parse_links(text: str) -> tuple[Alignment, Alignment]:
    """The sure links of a line, and the sure and possible ones together.

    Raises:
        AlignmentError: a link is malformed or an index is negative.
    """
    if SURE_ONLY.fullmatch(text):
        words = list(map(int, text.replace("-", " ").split()))
        links = Alignment(tuple(sorted(set(zip(words[::2], words[1::2], strict=True)))))
        return links, links
    sure, possible = set(), set()
    for link in text.split():
        match = LINK.fullmatch(link)
        if match is None:
            what = "has a negative index" if NEGATIVE.fullmatch(link) else "is malformed"
            raise AlignmentError(f"link {link!r} {what}; expected i-j with word numbers from 0", record=text)
        pair = (int(match[1]), int(match[3]))
        possible.add(pair)
        if match[2] == "-":
            sure.add(pair)
    return Alignment(tuple(sorted(sure))), Alignment(tuple(sorted(possible)))


def encode_pharaoh(alignment: Alignment) -> bytes:
    """One line of ``i-j`` links."""
    return (" ".join([f"{i}-{j}" for i, j in alignment.links]) + "\n").encode()
