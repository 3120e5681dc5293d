"""The published pipeline, plainly, with transformers and torch, against ours on the same weights and text.

    python benchmarks/reference_pipeline.py MODELS --texts TEXT [--sentences 64] [--dtype fp32 bf16] [--device cpu]

``MODELS`` is a folder made by ``full_size.py``. The reference translates, labels the translation, embeds both sides
in a second model pass, aligns as SimAlign does (argmax intersection of cosine similarities), enumerates n-gram
candidates, scores and matches them greedily: one batch after another in file order, Python loops in between. Ours is
``Engine.label`` with the same systems. Both sides decode greedily and stop at the same number of tokens (random
weights never stop by themselves). "bare" is the same models and sizes of batches without the engine: translate
everything, then encode both sides. Prints CPU seconds (which a busy machine does not distort), or wall seconds on a
GPU, and ratios to ours; on a CPU also what each part multiplies a second against the machine's ceilings
(``ceilings.py``).

Left out: loading, and the first batch of each side.
"""

import argparse
import json
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path
from typing import Any

import torch
from ceilings import ceilings, layer_macs, show
from reference import BATCH, WORD, Reference, now

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

Parts = dict[str, tuple[float, float]]
"""Seconds and multiply-adds of each part."""


def ours(models: Path, texts: list[str], device: str, limit: int) -> tuple[float, float, Parts]:
    """Seconds of the engine on the texts, and of the bare models, each after a first batch that warms it up."""
    from spanport import Engine

    with Engine.from_bundle(str(models / "bundle"), device=device, threads=1, align="simalign-argmax") as engine:
        list(engine.label(texts[:BATCH], lang="spa_Latn"))
        start = now(device)
        count = sum(1 for _ in engine.label(texts, lang="spa_Latn"))
        engine_seconds = now(device) - start
    assert count == len(texts)
    parts = bare(models, texts, device, limit)
    return engine_seconds, sum(seconds for seconds, _ in parts.values()), parts


def bare(models: Path, texts: list[str], device: str, limit: int) -> Parts:
    """The same models and sizes of batches without the engine: translate everything, then encode both sides."""
    from spanport.options import EncodeOptions, TranslateOptions
    from spanport_models import load_bundle

    most, wide = TranslateOptions().batch_tokens, EncodeOptions().batch_tokens
    bundle = load_bundle(models / "bundle", device=device, inter_threads=1)
    translator, encoder = bundle.translator(), bundle.encoder()
    native = [WORD.findall(text) for text in texts]

    def translate(some: list[str]) -> list[list[str]]:
        results = translator.translate(some, "spa_Latn", "eng_Latn", batch_tokens=most)
        return [WORD.findall(result.text) for result in results]

    def timed(function: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[Any, float]:
        start = now(device)
        return function(*arguments, **named), now(device) - start

    encoder.encode(translate(texts[:BATCH]))
    encoder.encode(native[:BATCH], logits=False)
    english, translating = timed(translate, texts)
    _, labelling = timed(encoder.encode, english, batch_tokens=wide)
    _, embedding = timed(encoder.encode, native, batch_tokens=wide, logits=False)
    sources = [len(tokens) for tokens in translator.tokenize(texts, "spa_Latn", "eng_Latn")]
    lengths = [[len(item.ids) for item in encoder.tokenize(side)] for side in (english, native)]
    config = json.loads((models / "hf-encoder" / "config.json").read_text(encoding="utf-8"))
    layers = config["num_hidden_layers"], encoder.manifest.layer
    return {
        "translate": (translating, translator_macs(models, sources, limit + 1)),
        "label, embed source": (labelling, encoder_macs(config, layers[0], lengths[0])),
        "embed target": (embedding, encoder_macs(config, layers[1], lengths[1])),
    }


def encoder_macs(config: dict[str, Any], layers: int, lengths: list[int]) -> float:
    """Multiply-adds of the first layers of an encoder over sentences of these lengths, padding left out."""
    hidden, wide = config["hidden_size"], config["intermediate_size"]
    return layers * sum(length * layer_macs(hidden, wide, length) for length in lengths)


def translator_macs(models: Path, lengths: list[int], produced: int) -> float:
    """Multiply-adds of translating sources of these lengths to ``produced`` tokens each."""
    config = json.loads((models / "hf-translator" / "config.json").read_text(encoding="utf-8"))
    hidden, layers = config["d_model"], config["decoder_layers"]
    total = 0.0
    for length in lengths:
        total += config["encoder_layers"] * length * layer_macs(hidden, config["encoder_ffn_dim"], length)
        total += layers * length * 2 * hidden * hidden  # keys and values of the source
        step = layers * layer_macs(hidden, config["decoder_ffn_dim"], produced / 2, crossed=length)
        total += produced * (step + hidden * config["vocab_size"])
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=64)
    parser.add_argument("--limit", type=int, default=40, help="tokens of each translation")
    parser.add_argument("--dtype", choices=DTYPES, nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    models, device, limit = arguments.models, arguments.device, arguments.limit
    torch.set_num_threads(1)
    with arguments.texts.open(encoding="utf-8") as lines:
        texts = [line.strip() for line in lines if line.strip()][: arguments.sentences]
    from spanport_models import Translator
    from spanport_models.manifest import EncoderManifest, read_manifest

    manifest = read_manifest(models / "encoder")
    assert isinstance(manifest, EncoderManifest)
    # Random weights never end a sentence: give both sides the same number of tokens to produce.
    Translator.generate = partialmethod(Translator.generate, max_decoding_length=limit, length_ratio=1e6)  # type: ignore[method-assign,assignment]
    engine, loops, parts = ours(models, texts, device, limit)
    print(f"{'':<8}{'seconds':>9}{'sent/s':>9}{'ratio':>8}")
    for name, seconds in (("ours", engine), ("bare", loops)):
        print(f"{name:<8}{seconds:>9.1f}{len(texts) / seconds:>9.2f}{seconds / engine:>8.2f}", flush=True)
    if device == "cpu":
        show(parts, ceilings())
    for name in arguments.dtype:
        reference = Reference(models, DTYPES[name], device, manifest.layer, limit)
        reference.run(texts[:BATCH])
        reference.seconds = dict.fromkeys(reference.seconds, 0.0)
        start = now(device)
        reference.run(texts)
        seconds = now(device) - start
        parts = ", ".join(f"{part} {value:.1f}" for part, value in reference.seconds.items())
        print(f"{name:<8}{seconds:>9.1f}{len(texts) / seconds:>9.2f}{seconds / engine:>8.2f}   {parts}", flush=True)


if __name__ == "__main__":
    main()
