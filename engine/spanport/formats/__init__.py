"""Readers and writers: plain text, CoNLL columns, JSON lines, and Pharaoh alignments."""

from spanport.formats.parallel import parallel
from spanport.formats.pharaoh import encode_pharaoh
from spanport.formats.records import Read, ReadAlignment, ReadAlignmentResult, ReadResult, Rejected
from spanport.formats.table import (
    FORMATS,
    Format,
    find_format,
    holds_alignments,
    is_readable,
    labelled_format,
    read,
    read_alignments,
)

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
]
