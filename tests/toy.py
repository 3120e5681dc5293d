"""A toy language pair that a tiny network learns in seconds: names and places among other words, and its base."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spanport_models.training.examples import Example

NAMES = ("Ana", "Bo", "Cleo", "Dan", "Eva", "Finn")
PLACES = ("Oslo", "Lima", "Rome", "Kyiv", "Bern", "Cork")
ENGLISH = {"verb": ("visits", "leaves", "loves"), "rest": ("today", "again", "soon"), "and": "and", "stop": "."}
OTHER = {"verb": ("visita", "deja", "ama"), "rest": ("hoy", "otra", "pronto"), "and": "y", "stop": "."}
LABELS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


def sentences(count: int, *, other: bool = False, seed: int = 1) -> list[tuple[list[str], list[str]]]:
    """Words and IOB2 labels; the same seed gives translations of each other, word by word."""
    draw, words = random.Random(seed), OTHER if other else ENGLISH
    made = []
    for _ in range(count):
        name, place, verb, rest = draw.choice(NAMES), draw.choice(PLACES), draw.randrange(3), draw.randrange(3)
        second = draw.choice((None, *NAMES))
        row = [(name, "B-PER")]
        if second:
            row += [(words["and"], "O"), (second, "B-PER")]
        row += [(words["verb"][verb], "O"), (place, "B-LOC"), (words["rest"][rest], "O"), (words["stop"], "O")]
        made.append(([word for word, _ in row], [label for _, label in row]))
    return made


def conll(rows: list[tuple[list[str], list[str]]]) -> str:
    """The sentences as CoNLL columns."""
    return "\n".join("".join(f"{w} {t}\n" for w, t in zip(*row, strict=True)) for row in rows)


def text(rows: list[tuple[list[str], list[str]]]) -> str:
    """The sentences as plain text."""
    return "".join(" ".join(words) + "\n" for words, _ in rows)


def some(count: int, *, other: bool = False, seed: int = 1, domain: int = 0) -> tuple[Example, ...]:
    """The sentences as examples of a domain."""
    from spanport_models.training.examples import hard

    rows = sentences(count, other=other, seed=seed)
    return tuple(hard(words, [LABELS.index(tag) for tag in tags], 5, domain) for words, tags in rows)


def base(folder: Path, *, dropout: float = 0.1, labels: tuple[str, ...] = (), trained: bool = True) -> Path:
    """A tiny BERT that knows the words, as a Hugging Face folder: plain, or a classifier where it has labels; its
    head looks trained by its bias, or is as it was drawn."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertModel, BertTokenizerFast

    torch.manual_seed(3)
    folder.mkdir(parents=True)
    words = {word for other in (False, True) for row in sentences(200, other=other) for word in row[0]}
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(words)]))
    settings: dict[str, Any] = {"id2label": dict(enumerate(labels))} if labels else {}
    config = BertConfig(
        vocab_size=len(words) + 5,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        **settings,
    )
    model = (BertForTokenClassification if labels else BertModel)(config)
    if labels and trained:
        torch.nn.init.constant_(model.classifier.bias, 0.01)
    model.save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(folder)
    return folder
