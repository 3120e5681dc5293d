"""Export of encoders: token classifiers, plain encoders, and the encoders of translators."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_models.atomic import new_folder
from spanport_models.bundle import made_of, sha256_of
from spanport_models.errors import ExportError
from spanport_models.export.calibration import calibration_ids
from spanport_models.export.compare import EncoderLoss, compare_encoders, compare_f1
from spanport_models.export.graph import export_graph, hushed, write_graphs
from spanport_models.export.languages import language_tokens
from spanport_models.export.options import EncoderOptions, ExportReport, Progress, quiet
from spanport_models.export.source import (
    digest,
    known_languages,
    loading_error,
    locate,
    provenance,
    read_config,
    require_export_extra,
    weight_options,
)
from spanport_models.export.tokenizer import prove_words, write_tokenizer
from spanport_models.manifest import EncoderManifest, check_labels, write_manifest
from spanport_models.tokenization import WordTokenizer

_FP32_TOLERANCE = 1e-3


def export_encoder(
    model: str | Path, out: str | Path, options: EncoderOptions | None = None, progress: Progress = quiet
) -> ExportReport:
    """Export a token classifier, or a plain encoder for alignment only, to a bundle.

    Args:
        model: A Hugging Face folder, or a name on the hub.
        out: Folder of the bundle; appears whole or not at all.
        options: See `EncoderOptions`.
        progress: Told what is going on.

    Returns:
        What was done, with the loss against the original on the proof texts.

    Raises:
        ExportError: The model cannot be exported, or the result differs from the original.
        UnsafeWeightsError: The weights are pickled and hold more than weights.
        LabelError: The configuration's labels are unusable.
        RuntimeMissingError: The extra ``export`` is not installed.
    """
    return _export(model, Path(out), options or EncoderOptions(), progress, translator=False)


def export_mt_encoder(
    model: str | Path, out: str | Path, options: EncoderOptions | None = None, progress: Progress = quiet
) -> ExportReport:
    """Export the encoder of an M2M100 or NLLB translator, for alignment (TransAlign, arXiv 2510.27337).

    Its layer defaults to the last one, as published. See `export_encoder`.
    """
    return _export(model, Path(out), options or EncoderOptions(), progress, translator=True)


def _export(
    model: str | Path, out: Path, options: EncoderOptions, progress: Progress, *, translator: bool
) -> ExportReport:
    require_export_extra()
    start = time.perf_counter()
    folder = locate(model, revision=options.revision, progress=progress)
    name, licence, source = provenance(model, folder, options.licence, options.name)
    progress("hashing the model")
    inputs = digest(folder, (options, translator))
    if made_of(out, inputs):
        return ExportReport(out, True, _size(out), time.perf_counter() - start)
    progress("loading the model")
    network, labels = _load(folder, options, translator=translator)
    layer = _layer(network.config, options.layer, last=translator)
    with new_folder(out, replace=options.replace) as staging:
        progress("converting the tokenizer")
        original = write_tokenizer(folder, staging / "tokenizer.json")
        prove_words(original, staging / "tokenizer.json", options.proof)
        tokens = language_tokens(original) if translator else {}
        progress(f"tracing layer {layer} of {type(network).__name__}")
        longest = options.max_length or max_length(network.config, original)
        tokenizer = WordTokenizer(staging / "tokenizer.json", longest)
        sentences = calibration_ids(tokenizer, sorted(tokens.values()))
        stored = _write_graph(network, staging, layer, options, sentences, labelled=bool(labels), progress=progress)
        manifest = EncoderManifest(
            format=1,
            name=name,
            licence=licence,
            source=source,
            files={path.name: sha256_of(path) for path in sorted(staging.iterdir())},
            inputs=inputs,
            architecture=network.config.model_type,
            labels=labels,
            layer=layer,
            hidden_size=_hidden_size(network.config),
            max_length=longest,
            languages=known_languages(model, options.languages) or tuple(tokens),
            language_tokens=tokens,
            precision=options.precision,
        )
        write_manifest(staging, manifest)
        progress("comparing with the original")
        loss = compare_encoders(network, staging, options.proof)
        _require_faithful(loss, options)
        f1 = None
        if options.conll is not None and labels:
            progress(f"scoring on {options.conll}")
            f1 = compare_f1(network, staging, options.conll)
    return ExportReport(
        out,
        False,
        _size(out),
        time.perf_counter() - start,
        hidden_error=loss.hidden_error,
        mean_cosine=loss.mean_cosine,
        worst_cosine=loss.worst_cosine,
        label_agreement=loss.label_agreement,
        f1=f1,
        embeddings=stored,
    )


def _require_faithful(loss: EncoderLoss, options: EncoderOptions) -> None:
    """Refuse an export that is another model than the original."""
    if options.precision == "fp32" and options.embeddings == "auto":
        if loss.hidden_error > _FP32_TOLERANCE * max(loss.hidden_scale, 1.0):
            raise ExportError(
                f"the exported graph differs from the original by {loss.hidden_error:.2g}",
                expected=f"at most {_FP32_TOLERANCE} of the largest state",
            )
    elif loss.mean_cosine < options.least_cosine:
        raise ExportError(
            f"the hidden states have a mean cosine of {loss.mean_cosine:.4f} with the original's (smallest "
            f"{loss.worst_cosine:.4f}), label agreement {loss.label_agreement}",
            expected=f"a mean cosine of at least {options.least_cosine}",
            remedy="Use --precision fp32, or accept the loss by a lower --least-cosine.",
        )


def max_length(config: Any, tokenizer: Any) -> int:
    """Longest input in subwords that a model was built for, special tokens included.

    Models of the RoBERTa family start counting positions after the padding index.
    """
    positions = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or 512
    if config.model_type in ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert"):
        positions -= config.pad_token_id + 1
    return int(min(positions, getattr(tokenizer, "model_max_length", positions)))


def _load(folder: Path, options: EncoderOptions, *, translator: bool) -> tuple[Any, tuple[str, ...]]:
    """The network in evaluation mode, and its labels."""
    import torch
    from transformers import AutoModel, AutoModelForTokenClassification

    config = read_config(folder)
    classifier = any(name.endswith("ForTokenClassification") for name in config.get("architectures") or ())
    maker = AutoModelForTokenClassification if classifier else AutoModel
    dtype = torch.float16 if options.precision == "fp16" else torch.float32
    loading = weight_options(folder, allow_pickle=options.allow_pickle)
    try:
        with hushed():
            network = maker.from_pretrained(
                folder,
                dtype=dtype,
                attn_implementation="eager",  # its trace is the plainer one
                trust_remote_code=False,
                **loading,
            ).eval()
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, RuntimeError, ...
        raise loading_error(folder, error) from error
    if translator:
        return network.get_encoder(), ()
    if not classifier:
        return network, ()
    labels = options.labels or tuple(network.config.id2label[number] for number in range(network.config.num_labels))
    if len(labels) != network.config.num_labels:
        raise ExportError(
            f"{len(labels)} labels were given", expected=f"{network.config.num_labels}, as the model has logits"
        )
    check_labels(labels, folder / "config.json")
    return network, labels


def _write_graph(
    network: Any,
    folder: Path,
    layer: int,
    options: EncoderOptions,
    sentences: Sequence[NDArray[np.int32]],
    *,
    labelled: bool,
    progress: Progress,
) -> str:
    """Trace, quantize and write the graphs; returns how the embeddings are stored."""
    with tempfile.TemporaryDirectory(dir=folder) as raw:
        path = export_graph(network, Path(raw), layer, labelled=labelled)
        progress(f"writing the graphs in {options.precision}")
        return write_graphs(
            path,
            folder,
            labelled=labelled,
            precision=options.precision,
            embeddings=options.embeddings,
            sentences=sentences,
        )


def _layer(config: Any, layer: int | None, *, last: bool) -> int:
    depth = _depth(config)
    chosen = layer if layer is not None else depth if last else round(depth * 2 / 3)
    if not 0 <= chosen <= depth:
        raise ExportError(f"layer {chosen}", expected=f"0 (the embeddings) to {depth}")
    return chosen


def _depth(config: Any) -> int:
    for name in ("encoder_layers", "num_hidden_layers", "num_layers"):
        if getattr(config, name, None):
            return int(getattr(config, name))
    raise ExportError(f"the configuration of {config.model_type} does not say how many layers it has")


def _hidden_size(config: Any) -> int:
    return int(getattr(config, "hidden_size", None) or config.d_model)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
