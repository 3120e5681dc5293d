"""Readers and writers of labelled text, by format, and of Pharaoh alignments."""

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
from spanport.formats.records import Read, ReadAlignment, ReadAlignmentResult, ReadResult, Rejected
from spanport.formats.table import FORMATS, Format
from spanport.formats.writing import write

__all__ = [
    "FORMATS",
    "Format",
    "Read",
    "ReadAlignment",
    "ReadAlignmentResult",
    "ReadResult",
    "Rejected",
    "encode_pharaoh",
    "find_format",
    "holds_alignments",
    "is_readable",
    "labelled_format",
    "parallel",
    "read",
    "read_alignments",
    "write",
]
