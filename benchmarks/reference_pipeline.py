"""The published pipeline, plainly, with transformers and torch, against ours on the same weights and text.

    python benchmarks/reference_pipeline.py MODELS --texts TEXT [--sentences 64] [--dtype fp32 bf16] [--device cpu]

``MODELS`` is a folder made by ``full_size.py``. The reference translates, labels the translation, embeds both sides
in a second model pass, aligns as SimAlign does (argmax intersection of cosine similarities), enumerates n-gram
candidates, scores and matches them greedily: one batch after another in file order, Python loops in between. Ours is
``Engine.label`` with the same systems. Both sides decode greedily and stop at the same number of tokens (random
weights never stop by themselves). "bare" is the same models and batches without the engine: translate everything,
then encode both sides. Prints CPU seconds (which a busy machine does not distort), or wall seconds on a GPU, and
ratios to ours; on a CPU also what each part multiplies a second against the machine's ceilings (``ceilings.py``).

Left out: loading, and the first batch of each side.
"""

import argparse
import json
import re
import time
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ceilings import ceilings, layer_macs, show
from transformers import AutoModelForSeq2SeqLM, AutoModelForTokenClassification, AutoTokenizer

BATCH = 32
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
WORD = re.compile(r"\w+|[^\w\s]")


def now(device: str) -> float:
    """CPU seconds of this process, or wall seconds once the GPU has finished."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


class Reference:
    """XLNER (arXiv 2501.18750) with SimAlign and n-gram candidates, in one precision."""

    def __init__(self, models: Path, dtype: torch.dtype, device: str, layer: int, limit: int) -> None:
        self.layer, self.limit, self.device = layer, limit, device
        self.tagger_tokens = AutoTokenizer.from_pretrained(models / "hf-encoder")
        self.translator_tokens = AutoTokenizer.from_pretrained(models / "hf-translator")
        tagger = AutoModelForTokenClassification.from_pretrained(models / "hf-encoder", dtype=dtype)
        translator = AutoModelForSeq2SeqLM.from_pretrained(models / "hf-translator", dtype=dtype)
        self.tagger, self.translator = tagger.eval().to(device), translator.eval().to(device)
        self.seconds = dict.fromkeys(("translate", "label", "embed", "project"), 0.0)

    def timed(self, part: str, function: Callable[..., Any], *arguments: Any) -> Any:
        start = now(self.device)
        result = function(*arguments)
        self.seconds[part] += now(self.device) - start
        return result

    @torch.inference_mode()
    def run(self, texts: list[str]) -> list[list[tuple[int, int, str]]]:
        projected = []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            english = [WORD.findall(text) for text in self.timed("translate", self.translate, batch)]
            native = [text.split() for text in batch]
            entities = self.timed("label", self.label, english)
            source = self.timed("embed", self.embed, english)
            target = self.timed("embed", self.embed, native)
            rows = zip(entities, source, target, native, strict=True)
            projected += [self.timed("project", project, *row) for row in rows]
        return projected

    def translate(self, texts: list[str]) -> list[str]:
        tokens = self.translator_tokens
        code = tokens.convert_tokens_to_ids("spa_Latn")
        inputs = tokens(texts, return_tensors="pt", padding=True, truncation=True, return_token_type_ids=False)
        inputs["input_ids"][:, 0] = code
        inputs = inputs.to(self.device)
        output = self.translator.generate(
            **inputs,
            forced_bos_token_id=tokens.convert_tokens_to_ids("eng_Latn"),
            max_new_tokens=self.limit + 1,
            num_beams=1,
            do_sample=False,
        )
        return [str(text) for text in tokens.batch_decode(output, skip_special_tokens=True)]

    def inputs(self, sentences: list[list[str]]) -> Any:
        return self.tagger_tokens(
            sentences, is_split_into_words=True, return_tensors="pt", padding=True, truncation=True,
            return_token_type_ids=False,
        ).to(self.device)  # fmt: skip

    def label(self, sentences: list[list[str]]) -> list[list[tuple[int, int, str]]]:
        inputs = self.inputs(sentences)
        best = self.tagger(**inputs).logits.argmax(dim=-1).tolist()
        names = self.tagger.config.id2label
        entities = []
        for row, words in enumerate(sentences):
            labels = ["O"] * len(words)
            for position in reversed(range(len(best[row]))):
                word = inputs.word_ids(row)[position]
                if word is not None:
                    labels[word] = names[best[row][position]]
            entities.append(group(labels))
        return entities

    def embed(self, sentences: list[list[str]]) -> list[tuple[np.ndarray, list[int]]]:
        inputs = self.inputs(sentences)
        states = self.tagger(**inputs, output_hidden_states=True).hidden_states[self.layer]
        embedded = []
        for row in range(len(sentences)):
            words = inputs.word_ids(row)
            kept = [position for position, word in enumerate(words) if word is not None]
            embedded.append((states[row, kept].float().cpu().numpy(), [words[position] for position in kept]))
        return embedded


def group(labels: list[str]) -> list[tuple[int, int, str]]:
    """Entities of a sentence: (first word, one past the last, type)."""
    entities: list[tuple[int, int, str]] = []
    for i, label in enumerate(labels):
        if label == "O":
            continue
        kind = label[2:]
        if label[0] == "I" and entities and entities[-1][1] == i and entities[-1][2] == kind:
            entities[-1] = (entities[-1][0], i + 1, kind)
        else:
            entities.append((i, i + 1, kind))
    return entities


def links(source: np.ndarray, target: np.ndarray) -> list[tuple[int, int]]:
    """Argmax intersection of the cosine similarities, as SimAlign."""
    source = source / np.linalg.norm(source, axis=1, keepdims=True)
    target = target / np.linalg.norm(target, axis=1, keepdims=True)
    similarity = source @ target.T
    forward, backward = similarity.argmax(axis=1), similarity.argmax(axis=0)
    return [(i, int(j)) for i, j in enumerate(forward) if backward[j] == i]


def project(
    entities: list[tuple[int, int, str]],
    source: tuple[np.ndarray, list[int]],
    target: tuple[np.ndarray, list[int]],
    words: list[str],
) -> list[tuple[int, int, str]]:
    """Every target n-gram against every entity, best pairs first."""
    if not entities or not len(source[0]) or not len(target[0]):
        return []
    pairs = {(source[1][i], target[1][j]) for i, j in links(source[0], target[0])}
    scored = []
    for number, (start, stop, kind) in enumerate(entities):
        for first in range(len(words)):
            for last in range(first + 1, min(first + 10, len(words)) + 1):
                inside = sum(start <= i < stop and first <= j < last for i, j in pairs)
                if inside:
                    scored.append((2 * inside / (stop - start + last - first), number, first, last, kind))
    taken: list[tuple[int, int, str]] = []
    done: set[int] = set()
    for _, number, first, last, kind in sorted(scored, key=lambda item: -item[0]):
        if number not in done and all(last <= a or b <= first for a, b, _ in taken):
            taken.append((first, last, kind))
            done.add(number)
    return taken


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
    """The same models and batches without the engine: translate everything, then encode both sides."""
    from spanport_models import load_bundle

    bundle = load_bundle(models / "bundle", device=device, inter_threads=1)
    translator, encoder = bundle.translator(), bundle.encoder()
    native = [WORD.findall(text) for text in texts]

    def translate(some: list[str]) -> list[list[str]]:
        return [WORD.findall(result.text) for result in translator.translate(some, "spa_Latn", "eng_Latn")]

    def timed(function: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[Any, float]:
        start = now(device)
        return function(*arguments, **named), now(device) - start

    encoder.encode(translate(texts[:BATCH]))
    encoder.encode(native[:BATCH], logits=False)
    english, translating = timed(translate, texts)
    _, labelling = timed(encoder.encode, english)
    _, embedding = timed(encoder.encode, native, logits=False)
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
