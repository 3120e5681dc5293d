"""Readers and writers of labelled text, by format, and of Pharaoh alignments."""

from spanport.formats.inputs import Input, expand, find_input
from spanport.formats.mapping import parse_mapping
from spanport.formats.parallel import parallel
from spanport.formats.pharaoh import encode_pharaoh
from spanport.formats.reading import (
    find_format,
    holds_alignments,
    is_readable,
    labelled_format,
    read,
    read_alignments,
)
from spanport.formats.records import Read, ReadAlignment, ReadAlignmentResult, Reading, ReadResult, Rejected
from spanport.formats.table import FORMATS, Format
from spanport.formats.writing import write

__all__ = [
    "FORMATS",
    "Format",
    "Input",
    "Read",
    "ReadAlignment",
    "ReadAlignmentResult",
    "ReadResult",
    "Reading",
    "Rejected",
    "encode_pharaoh",
    "expand",
    "find_format",
    "find_input",
    "holds_alignments",
    "is_readable",
    "labelled_format",
    "parallel",
    "parse_mapping",
    "read",
    "read_alignments",
    "write",
]
