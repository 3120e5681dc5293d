"""Every error that spanport raises on purpose, in one tree.

Messages name the value, what was expected and the remedy. `SpanportError` catches all of them. Its root and the
errors of models live below, with the models.
"""

from __future__ import annotations

from spanport_models.errors import (
    BundleError,
    DeviceError,
    ExportError,
    FetchError,
    LanguageError,
    ModelError,
    RuntimeMissingError,
    SpanportError,
    UnknownModelError,
    nearest,
    suggestion,
)

__all__ = [
    "AlignmentError",
    "BundleError",
    "DeviceError",
    "EncodingError",
    "ExportError",
    "FetchError",
    "FormatError",
    "JournalError",
    "LabelSchemeError",
    "LanguageError",
    "LengthMismatchError",
    "ModelError",
    "RecordError",
    "RuntimeMissingError",
    "SpanError",
    "SpanportError",
    "StageError",
    "UnknownModelError",
    "UsageError",
    "nearest",
    "suggestion",
]


class UsageError(SpanportError, ValueError):
    """An option or an argument does not fit (unknown name, impossible combination)."""


class RecordError(SpanportError, ValueError):
    """One record cannot be processed; a long job rejects it and goes on.

    ``line`` is the 1-based line on which the record starts (0 when it did not come from a file).
    """

    def __init__(self, message: str, *, line: int = 0, record: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.record = record


class FormatError(RecordError):
    """A record does not have the form its format asks for."""


class EncodingError(FormatError):
    """A line is not valid UTF-8."""


class LabelSchemeError(FormatError):
    """Labels follow none of IOB1, IOB2, BIOES, BILOU."""


class SpanError(RecordError):
    """Spans overlap, are empty, or run past the text."""


class AlignmentError(RecordError):
    """An alignment index is negative or past the sentence, or a link is malformed."""


class LengthMismatchError(SpanportError):
    """Files that must be line-parallel are of different lengths."""


class JournalError(SpanportError):
    """A job cannot be resumed: the journal belongs to another input or to other options."""


class StageError(SpanportError):
    """A stage failed for a reason outside the records (a dead worker, no memory, a full disk)."""
