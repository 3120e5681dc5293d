"""What a network multiplies, on a few sentences."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanport_models.devices import import_onnxruntime
from spanport_models.export.channels import Floats
from spanport_models.export.quantization import products
from spanport_models.export.rewrite import Rewriter
from spanport_models.tokenization import WordTokenizer

CALIBRATION_TEXTS = (
    "The committee in Geneva postponed its vote until Friday, said Ruth Adler of the Harbour Workers' Union.",
    "12.5 % (2019: 11,8 %)",
    "La alcaldesa de Vitoria, Nerea Zubiaurre, inauguró ayer el puente sobre el Zadorra.",
    "Der FC Lindenau verlor am Samstag mit 1:3 gegen Preußen Eberswalde.",
    "« Nous rouvrirons la ligne Nantes–Angers au printemps », a promis Odile Marchand.",
    "Nel 1974 la famiglia Bellandi vendette il mulino a una cooperativa di Ferrara.",
    "Министр транспорта Ольга Синицына прибыла в Казань для переговоров с «Волгастроем».",
    "وقّعت شركة الأفق اتفاقا مع جامعة عمّان لبناء مختبر جديد في إربد.",
    "张伟从成都搬到了悉尼，在一家出版社工作。",
    "गंगा के किनारे बसे इस गाँव में बिजली पिछले साल आई।",
    "Waziri wa Elimu, Neema Mushi, alitembelea shule tatu mjini Mwanza.",
    "Tampereen yliopiston tutkijat löysivät järvestä uuden levälajin.",
    "Kapadokya'ya giden son otobüs saat 23.40'ta kalkıyor.",
    "Oh no ... not again !",
    "TENNIS - OPEN DE LYON, QUARTER-FINALS : Ilse Verhaegen ( Belgium ) beat Ana Tomić ( Croatia ) 6-4 7-5",
    "Dr hab. Zofia Wrońska wykłada w Gdańsku i w Rydze.",
)
"""Sentences of our own, of many kinds."""


def calibration_ids(tokenizer: WordTokenizer, languages: Sequence[str] = ()) -> list[NDArray[np.int32]]:
    """Token ids of the sentences, int32 (T,) each, special tokens included.

    Args:
        tokenizer: The encoder's.
        languages: Language tokens of a translator; the sentences take turns in beginning with one of them.
    """
    found = []
    for i, text in enumerate(CALIBRATION_TEXTS):
        token = languages[i * len(languages) // len(CALIBRATION_TEXTS)] if languages else None
        first = None if token is None else tokenizer.token_id(token)
        found.append(tokenizer([text.split()], first_token=first)[0].ids)
    return found


def activations(path: Path, sentences: Sequence[NDArray[np.int32]]) -> dict[str, Floats]:
    """The values of what `quantize` quantizes, for every token.

    Args:
        path: A traced graph in float32, whose inputs are ``input_ids`` and ``attention_mask``.
        sentences: int32 (T,). Token ids of each sentence, special tokens included.

    Returns:
        float32 (tokens, K) by the name of the activations.
    """
    names, instrumented = _instrumented(path)
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(instrumented), options, providers=["CPUExecutionProvider"])
    found: dict[str, list[Floats]] = {name: [] for name in names}
    for ids in sentences:
        row = ids.astype(np.int64)[None]
        values = session.run(names, {"input_ids": row, "attention_mask": np.ones_like(row)})
        for name, value in zip(names, values, strict=True):
            found[name].append(value.reshape(-1, value.shape[-1]))
    return {name: np.concatenate(values) for name, values in found.items() if values}


def _instrumented(path: Path) -> tuple[list[str], Path]:
    """The activations that products read, and the graph with these as outputs, beside itself with its weights."""
    import onnx

    model: Any = onnx.load(path, load_external_data=False)
    names = sorted(products(Rewriter(model, "calibration")))
    known = {value.name for value in model.graph.output}
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names if name not in known
    )
    instrumented = path.with_name("instrumented.onnx")
    onnx.save(model, instrumented)
    return names, instrumented
