"""For ``reference_pipeline.py``: the published pipeline, plainly, with transformers and torch."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForSeq2SeqLM, AutoModelForTokenClassification, AutoTokenizer

BATCH = 32
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
