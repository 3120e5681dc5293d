"""The network of an exported encoder in floating point again, so that any bundle can be the base of a training.

What int8 lost is not found again: the rebuilt network does what the bundle does, and learns on from there.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from spanport_models.atomic import new_folder
from spanport_models.bundle import verify_bundle
from spanport_models.errors import BundleError
from spanport_models.export.compare import compare_encoders
from spanport_models.export.graph import hushed
from spanport_models.manifest import EncoderManifest
from spanport_models.places import cache_folder
from spanport_models.tokenization import load_tokenizer
from spanport_models.training.graphs import Graphs

REBUILT = ("bert", "roberta", "xlm-roberta")
"""Architectures that can be."""
LEAST_COSINE = 0.99
_PROOF = (
    "Anna Schmidt lives in Berlin and works for the United Nations .",
    "El presidente de Telefónica viajó ayer a Lima con Juan Pérez .",
    "Rais Samia Suluhu Hassan alihutubia Bunge mjini Dodoma .",
)
_SPECIALS = {
    "pad_token": ("<pad>", "[PAD]"),
    "unk_token": ("<unk>", "[UNK]"),
    "mask_token": ("<mask>", "[MASK]"),
    "cls_token": ("<s>", "[CLS]"),
    "sep_token": ("</s>", "[SEP]"),
}


def rebuild(folder: Path, manifest: EncoderManifest) -> Path:
    """The Hugging Face folder of an encoder's network; made once, and kept in the user's cache.

    Raises:
        BundleError: The network is of a kind that cannot be rebuilt, or does not do what the bundle does.
    """
    digest = hashlib.sha256(json.dumps(manifest.files, sort_keys=True).encode()).hexdigest()
    target = cache_folder() / "networks" / digest[:32]
    if target.is_dir():
        return target
    if manifest.architecture not in REBUILT:
        raise _unfit(folder, f"{manifest.architecture}, expected one of {', '.join(REBUILT)}")
    verify_bundle(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target) as staging:
        model = _model(folder, manifest)
        with hushed():
            model.save_pretrained(staging)
        shutil.copyfile(folder / "tokenizer.json", staging / "tokenizer.json")
        _write_json(staging / "tokenizer_config.json", _tokenizer_config(folder, manifest))
        loss = compare_encoders(model, folder, _PROOF)
        if loss.mean_cosine < LEAST_COSINE:
            raise _unfit(folder, f"one whose states have a cosine of {loss.mean_cosine:.3f} with the bundle's")
    return target


def _model(folder: Path, manifest: EncoderManifest) -> Any:
    """The network, in evaluation mode."""
    from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification

    graphs = Graphs(folder)
    weights = {name: torch.from_numpy(array.copy()) for name, array in graphs.weights.items()}
    try:
        config = AutoConfig.for_model(manifest.architecture, **_config(graphs, folder, manifest))
        maker = AutoModelForTokenClassification if manifest.labels else AutoModel
        with hushed():
            model = maker.from_config(config, attn_implementation="eager").eval()
        missing, _ = model.load_state_dict(weights, strict=False)
    except (RuntimeError, KeyError, ValueError, StopIteration) as error:  # another structure than we know
        raise _unfit(folder, f"one whose weights are not found: {error}") from error
    if left := [name for name in missing if "pooler" not in name]:
        raise _unfit(folder, f"one of whose weights {len(left)} are not found, such as {left[0]}")
    return model


def _config(graphs: Graphs, folder: Path, manifest: EncoderManifest) -> dict[str, Any]:
    """The numbers of a configuration; dropout, which a graph does not show, is 0."""
    table, positions, types, inner = (
        next(array for name, array in graphs.weights.items() if name.endswith(ending))
        for ending in (
            "word_embeddings.weight",
            "position_embeddings.weight",
            "token_type_embeddings.weight",
            "layer.0.intermediate.dense.weight",
        )
    )
    ids = load_tokenizer(folder / "tokenizer.json").token_to_id
    pads = [number for token in _SPECIALS["pad_token"] if (number := ids(token)) is not None]
    return {
        "vocab_size": len(table),
        "hidden_size": table.shape[1],
        "max_position_embeddings": len(positions),
        "type_vocab_size": len(types),
        "intermediate_size": len(inner),
        "num_hidden_layers": sum(name.endswith("intermediate.dense.weight") for name in graphs.weights),
        "num_attention_heads": graphs.heads,
        "layer_norm_eps": graphs.epsilon,
        "hidden_act": graphs.activation,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "pad_token_id": pads[0] if pads else 0,
        "id2label": dict(enumerate(manifest.labels)),
        "label2id": {label: number for number, label in enumerate(manifest.labels)},
    }


def _tokenizer_config(folder: Path, manifest: EncoderManifest) -> dict[str, Any]:
    ids = load_tokenizer(folder / "tokenizer.json").token_to_id
    found = {
        role: next((token for token in tokens if ids(token) is not None), None) for role, tokens in _SPECIALS.items()
    }
    known = {role: token for role, token in found.items() if token}
    return {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": manifest.max_length, **known}


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")


def _unfit(folder: Path, what: str) -> BundleError:
    return BundleError(
        f"the network of the bundle {folder} cannot be rebuilt: it is {what}",
        expected="a BERT or XLM-R encoder that was exported by spanport",
        remedy="Pass the Hugging Face folder that the bundle was exported from.",
    )
