"""Carry span annotations (named entities first) from one language to another.

>>> from spanport import Engine
>>> engine = Engine.from_bundle("mini")
>>> for result in engine.label(["Ana Ruiz vive en Sevilla."], lang="spa_Latn"):
...     print(result.spans)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spanport.api import Engine
    from spanport.errors import RecordError, SpanportError
    from spanport.files import read, write
    from spanport.integrations.datasets_map import mapper
    from spanport.training import Aligner, Tagger, train, tune
    from spanport.types import Alignment, Pair, ProjectedSpan, Projection, Sentence, Span

_HOMES = {
    "Aligner": "training",
    "Alignment": "types",
    "Engine": "api",
    "Pair": "types",
    "ProjectedSpan": "types",
    "Projection": "types",
    "RecordError": "errors",
    "Sentence": "types",
    "Span": "types",
    "SpanportError": "errors",
    "Tagger": "training",
    "mapper": "integrations.datasets_map",
    "read": "files",
    "train": "training",
    "tune": "training",
    "write": "files",
}

__all__ = [
    "Aligner",
    "Alignment",
    "Engine",
    "Pair",
    "ProjectedSpan",
    "Projection",
    "RecordError",
    "Sentence",
    "Span",
    "SpanportError",
    "Tagger",
    "mapper",
    "read",
    "train",
    "tune",
    "write",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("spanport")
    if name not in _HOMES:
        raise AttributeError(f"module 'spanport' has no attribute {name!r}")
    return getattr(import_module(f"spanport.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
