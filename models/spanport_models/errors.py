"""The error tree of spanport: its root, and the errors of models. The engine adds those of records and jobs.

Every message names the offending value, what was expected and the remedy.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class SpanportError(Exception):
    """Root of the tree: every error that spanport raises on purpose.

    Attributes:
        problem: What is wrong, with the offending value.
        expected: What would have been right ("" where the problem says it).
        remedy: What the user can do ("" where nothing more can be said).
    """

    def __init__(self, problem: str = "", *, expected: str = "", remedy: str = "") -> None:
        self.problem, self.expected, self.remedy = problem, expected, remedy
        parts = [problem]
        if expected:
            parts.append(f"expected {expected}")
        message = "; ".join(parts)
        super().__init__(f"{message}. {remedy}" if remedy else message)


class ModelError(SpanportError):
    """A model is missing, corrupted, or does not fit the job."""


class BundleError(ModelError):
    """A model folder is missing, incomplete or malformed."""


class ManifestError(BundleError):
    """A manifest cannot be decoded, or points outside its folder."""


class ChecksumError(BundleError):
    """A file of a bundle is not the file that its manifest describes."""


class ArchitectureError(BundleError):
    """A graph, model or tokenizer does not match what the manifest says it is."""


class LabelError(BundleError):
    """The label set of a token classifier is unusable."""


class UnknownModelError(ModelError):
    """A model name is neither registered nor a folder."""


class RuntimeMissingError(ModelError):
    """A runtime package is not installed, or two that exclude each other are."""


class DeviceError(ModelError):
    """A device was asked for and cannot be granted."""


class MemoryNeedError(DeviceError):
    """A model needs more memory than is free."""


class LanguageError(SpanportError, ValueError):
    """A language code is unknown, or the model does not have it."""


class FetchError(ModelError):
    """A model could not be downloaded."""


class NotFetchedError(FetchError):
    """A repository, revision or file does not exist on the hub."""


class OfflineError(FetchError):
    """A download was needed while offline mode is on."""


class ExportError(ModelError):
    """A model could not be converted into a bundle."""


class UnsafeWeightsError(ExportError):
    """A model has only pickled weights, which can run code when loaded."""


def unknown_model(name: str, known: Iterable[str]) -> UnknownModelError:
    """The error of a name that is not among the ``known`` ones."""
    names = sorted(known)
    return UnknownModelError(
        f"no model named {name!r}{suggestion(name, names)}",
        expected=f"a bundle folder or one of: {', '.join(names)}",
        remedy="See `spanport models list`.",
    )


def unknown_language(language: str, known: Iterable[str], *, model: str = "this model") -> LanguageError:
    """The error of a code that a model with the ``known`` ones does not have."""
    codes = sorted(known)
    shown = ", ".join(codes[:12]) + (f", ... ({len(codes)} in all)" if len(codes) > 12 else "")
    return LanguageError(
        f"{model} has no language {language!r}{suggestion(language, codes)}",
        expected=f"one of: {shown or 'none (it has no language codes)'}",
        remedy="Language codes are those of NLLB-200 (FLORES): ISO 639-3, underscore, script.",
    )


def nearest(value: str, known: Iterable[str]) -> str | None:
    """The known value that resembles ``value`` most, or None where none does."""
    found = get_close_matches(value, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def suggestion(value: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"`` for the known value nearest to ``value``, else ``""``."""
    found = nearest(value, known)
    return f" (did you mean {found!r}?)" if found else ""
