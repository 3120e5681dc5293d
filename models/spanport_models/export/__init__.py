"""Conversion of Hugging Face models into bundles (extra ``export``): the only code here that imports torch.

The functions take an options record and a ``progress`` callback that is told, in words, what is going on.
"""

from typing import Any

from spanport_models.export.options import EncoderOptions, ExportReport, Progress, TranslatorOptions

__all__ = [
    "EncoderOptions",
    "ExportReport",
    "Progress",
    "TranslatorOptions",
    "export_encoder",
    "export_mt_encoder",
    "export_pipeline",
    "export_translator",
]


def __getattr__(name: str) -> Any:
    if name in ("export_encoder", "export_mt_encoder"):
        from spanport_models.export import encoder

        return getattr(encoder, name)
    if name == "export_translator":
        from spanport_models.export.translator import export_translator

        return export_translator
    if name == "export_pipeline":
        from spanport_models.export.pipeline import export_pipeline

        return export_pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
