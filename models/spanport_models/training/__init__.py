"""Training of taggers and aligners (extra `train`): one loop, and a file for each method.

Everything here is told its data as words and numbers; who reads, translates, labels or projects them is the engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spanport_models.training.examples import Example, read_examples, unlabelled, write_examples
from spanport_models.training.options import Material, MethodOptions, Progress, TrainOptions

if TYPE_CHECKING:
    from spanport_models.training.aligner import TuneOptions, tune_aligner
    from spanport_models.training.curve import SourcesCurve
    from spanport_models.training.lexicon import count_lexicon, write_lexicon
    from spanport_models.training.methods.base import Method, make_method, method_names
    from spanport_models.training.network import HUGGING_FACE, Network, find_base
    from spanport_models.training.pairs import PairExample
    from spanport_models.training.publish import (
        REPORT,
        export_aligner,
        export_tagger,
        list_files,
        publish_tagger,
        tagger_digest,
    )
    from spanport_models.training.trainer import Trainer, check_base

_HOMES = {
    "Network": "network",
    "HUGGING_FACE": "network",
    "Method": "methods.base",
    "PairExample": "pairs",
    "REPORT": "publish",
    "SourcesCurve": "curve",
    "Trainer": "trainer",
    "TuneOptions": "aligner",
    "check_base": "trainer",
    "count_lexicon": "lexicon",
    "export_aligner": "publish",
    "list_files": "publish",
    "tune_aligner": "aligner",
    "write_lexicon": "lexicon",
    "export_tagger": "publish",
    "find_base": "network",
    "make_method": "methods.base",
    "method_names": "methods.base",
    "publish_tagger": "publish",
    "tagger_digest": "publish",
}

__all__ = [
    "HUGGING_FACE",
    "REPORT",
    "Example",
    "Material",
    "Method",
    "MethodOptions",
    "Network",
    "PairExample",
    "Progress",
    "SourcesCurve",
    "TrainOptions",
    "Trainer",
    "TuneOptions",
    "check_base",
    "count_lexicon",
    "export_aligner",
    "export_tagger",
    "find_base",
    "list_files",
    "make_method",
    "method_names",
    "publish_tagger",
    "read_examples",
    "tagger_digest",
    "tune_aligner",
    "unlabelled",
    "write_examples",
    "write_lexicon",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"spanport_models.training.{_HOMES[name]}"), name)
