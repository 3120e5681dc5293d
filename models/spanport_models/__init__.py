"""Run-time models: encoders (ONNX Runtime), translators (CTranslate2) and the bundles that hold them.

Importing this package loads no runtime; each is imported where it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spanport_models.assembly import assemble_pipeline, calibrate_pipeline
    from spanport_models.bundle import verify_bundle
    from spanport_models.encoder import Encoded, Encoder
    from spanport_models.pipeline import PipelineBundle, load_bundle
    from spanport_models.registry import find_model, list_models
    from spanport_models.tokenization import TokenizedWords
    from spanport_models.translator import Generated, Translator

_HOMES = {
    "verify_bundle": "bundle",
    "Encoded": "encoder",
    "Encoder": "encoder",
    "PipelineBundle": "pipeline",
    "assemble_pipeline": "assembly",
    "calibrate_pipeline": "assembly",
    "load_bundle": "pipeline",
    "find_model": "registry",
    "list_models": "registry",
    "TokenizedWords": "tokenization",
    "Generated": "translator",
    "Translator": "translator",
}

__all__ = [
    "Encoded",
    "Encoder",
    "Generated",
    "PipelineBundle",
    "TokenizedWords",
    "Translator",
    "assemble_pipeline",
    "calibrate_pipeline",
    "find_model",
    "list_models",
    "load_bundle",
    "verify_bundle",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
