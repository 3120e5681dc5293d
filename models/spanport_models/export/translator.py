"""Export of translators to CTranslate2."""

import shutil
import time
from pathlib import Path
from typing import Any

from spanport_models.atomic import new_folder
from spanport_models.bundle import made_of, sha256_of
from spanport_models.errors import ExportError
from spanport_models.export.graph import hushed
from spanport_models.export.languages import language_tokens, nllb_code
from spanport_models.export.options import ExportReport, Progress, TranslatorOptions, quiet
from spanport_models.export.pieces import prove_pieces, write_marian_tokenizers, write_pieces
from spanport_models.export.shortlist import write_shortlist
from spanport_models.export.source import (
    digest,
    loading_error,
    locate,
    provenance,
    read_config,
    require_export_extra,
    weight_options,
)
from spanport_models.export.tokenizer import prove_text, write_tokenizer
from spanport_models.manifest import TranslatorManifest, write_manifest
from spanport_models.translator import END

_ARCHITECTURES = {"m2m_100": "m2m100", "t5": "t5", "mt5": "t5", "marian": "marian"}
PRECISIONS = (
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
)


def export_translator(
    model: str | Path, out: str | Path, options: TranslatorOptions | None = None, progress: Progress = quiet
) -> ExportReport:
    """Export an NLLB, M2M100, MADLAD-400/T5 or Marian translator to a bundle.

    Args:
        model: A Hugging Face folder, or a name on the hub.
        out: Folder of the bundle; appears whole or not at all.
        options: See `TranslatorOptions`.
        progress: Told what is going on.

    Raises:
        ExportError: The model cannot be converted.
        UnsafeWeightsError: The weights are pickled and hold more than weights.
        RuntimeMissingError: The extra ``export`` is not installed.
    """
    require_export_extra()
    options, target, start = options or TranslatorOptions(), Path(out), time.perf_counter()
    if options.precision not in PRECISIONS:
        raise ExportError(f"precision {options.precision!r}", expected=f"one of: {', '.join(PRECISIONS)}")
    folder = locate(model, revision=options.revision, progress=progress)
    name, licence, source = provenance(model, folder, options.licence, options.name)
    config = read_config(folder)
    architecture = _ARCHITECTURES.get(str(config.get("model_type")))
    if architecture is None:
        raise ExportError(
            f"{folder} is a {config.get('model_type')!r}", expected=f"one of: {', '.join(_ARCHITECTURES)}"
        )
    progress("hashing the model")
    inputs = digest(folder, options)
    if made_of(target, inputs):
        return ExportReport(target, True, _size(target), time.perf_counter() - start)
    with new_folder(target, replace=options.replace) as staging:
        progress(f"converting the weights to {options.precision}")
        _convert(folder, staging, options)
        progress("converting the tokenizer")
        languages, sources, targets = _tokenizers(folder, staging, architecture, options)
        if options.shortlist:
            _shorten(staging, options, languages, progress)
        manifest = TranslatorManifest(
            format=1,
            name=name,
            licence=licence,
            source=source,
            files={path.name: sha256_of(path) for path in sorted(staging.iterdir())},
            inputs=inputs,
            architecture=architecture,  # type: ignore[arg-type]
            languages=languages,
            sources=sources,
            targets=targets,
            max_length=int(config.get("max_position_embeddings") or config.get("n_positions") or 512),
            precision=options.precision,
            repetition_penalty=options.repetition_penalty,
            shortlist=options.shortlist_language if options.shortlist else "",
            keeps_tags=options.keeps_tags,
        )
        write_manifest(staging, manifest)
    return ExportReport(target, False, _size(target), time.perf_counter() - start)


def _convert(folder: Path, out: Path, options: TranslatorOptions) -> None:
    from ctranslate2.converters import TransformersConverter

    loading = weight_options(folder, allow_pickle=options.allow_pickle)

    class Converter(TransformersConverter):
        def load_model(self, model_class: Any, model_name_or_path: str, **kwargs: Any) -> Any:
            return model_class.from_pretrained(model_name_or_path, **kwargs, **loading)

    raw = out / "converted"
    try:
        with hushed():
            converter = Converter(str(folder), trust_remote_code=False, low_cpu_mem_usage=False)
            converter.convert(str(raw), quantization=options.precision)
    except Exception as error:  # the converter and transformers raise everything from KeyError to RuntimeError
        raise loading_error(folder, error) from error
    for path in raw.iterdir():
        shutil.move(path, out / path.name)
    raw.rmdir()


def _tokenizers(
    folder: Path, out: Path, architecture: str, options: TranslatorOptions
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Write the tokenizers; return languages, and the codes that may be source and target (empty = all)."""
    if architecture == "marian":
        original: Any = write_marian_tokenizers(folder, out, options.proof)
        targets = options.languages or language_tokens(original)
        source = nllb_code(str(original.source_lang or "und"))
        if not targets:
            targets = {nllb_code(str(original.target_lang or "und")): ""}
        return {source: "", **targets}, (source,), tuple(targets)
    original, languages = _single_tokenizer(folder, out / "tokenizer.json", options)
    if not languages:
        raise ExportError(
            f"{type(original).__name__} of {folder} has no language tokens",
            expected="tokens like spa_Latn, __es__ or <2es>",
            remedy="Pass the languages explicitly.",
        )
    return languages, (), ()


def _shorten(folder: Path, options: TranslatorOptions, languages: dict[str, str], progress: Progress) -> None:
    if options.shortlist_language not in languages:
        raise ExportError(
            f"shortlist for {options.shortlist_language}",
            expected=f"a language of the translator: {', '.join(sorted(languages))}",
        )
    count = write_shortlist(folder, options.shortlist, [languages[options.shortlist_language], END])
    progress(f"into {options.shortlist_language} it writes {count:,} pieces")


def _single_tokenizer(folder: Path, path: Path, options: TranslatorOptions) -> tuple[Any, dict[str, str]]:
    """Write the tokenizer of both sides; return the original and its language tokens."""
    from transformers import AutoTokenizer

    model = folder / "sentencepiece.bpe.model"
    if model.is_file() and not (folder / "tokenizer.json").is_file():
        original: Any = AutoTokenizer.from_pretrained(folder, use_fast=False, trust_remote_code=False)
        languages = options.languages or language_tokens(original)
        write_pieces(model, path, languages.values())
        prove_pieces(original, path, options.proof)
        return original, languages
    original = write_tokenizer(folder, path)
    prove_text(original, path, options.proof)
    return original, options.languages or language_tokens(original)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
