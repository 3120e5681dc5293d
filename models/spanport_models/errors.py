"""The error tree of the models package.

Every message names the offending value, what was expected and the remedy. The engine maps these onto its own
tree, so nothing here depends on it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class ModelError(Exception):
    """Base of every error raised by this package.

    Attributes:
        problem: What is wrong, with the offending value.
        expected: What would have been right ("" where the problem says it).
        remedy: What the user can do ("" where nothing more can be said).
    """

    def __init__(self, problem: str, *, expected: str = "", remedy: str = "") -> None:
        self.problem, self.expected, self.remedy = problem, expected, remedy
        parts = [problem]
        if expected:
            parts.append(f"expected {expected}")
        message = "; ".join(parts)
        super().__init__(f"{message}. {remedy}" if remedy else message)


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

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        super().__init__(
            f"no model named {name!r}{suggestion(name, names)}",
            expected=f"a bundle folder or one of: {', '.join(names)}",
            remedy="See `spanport models list`.",
        )


class RuntimeMissingError(ModelError):
    """A runtime package is not installed, or two that exclude each other are."""


class DeviceError(ModelError):
    """A device was asked for and cannot be granted."""


class MemoryNeedError(DeviceError):
    """A model needs more memory than is free."""


class LanguageError(ModelError):
    """A language code that the model does not have.

    Attributes:
        language: The code given.
        nearest: Valid codes that resemble it, most similar first.
    """

    def __init__(self, language: str, known: Iterable[str], *, model: str = "this model") -> None:
        codes = sorted(known)
        self.language = language
        self.nearest = tuple(get_close_matches(language, codes, n=3, cutoff=0.4))
        shown = ", ".join(codes[:12]) + (f", ... ({len(codes)} in all)" if len(codes) > 12 else "")
        super().__init__(
            f"{model} has no language {language!r}{suggestion(language, codes)}",
            expected=f"one of: {shown or 'none (it has no language codes)'}",
            remedy="Language codes are those of NLLB-200 (FLORES): ISO 639-3, underscore, script.",
        )


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


def suggestion(value: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` for the known value nearest to ``value``, else ``""``."""
    nearest = get_close_matches(value, list(known), n=1, cutoff=0.4)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""
