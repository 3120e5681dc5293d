"""Training of the miniature encoder: XLM-R token classification and word alignment in one model."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import XLMRobertaConfig, XLMRobertaForTokenClassification

from spanport_models.train.augment import NameSwap
from spanport_models.train.loop import Loop, mean, prepare_process
from spanport_models.train.pieces import Pieces
from spanport_models.train.selflabel import label_native
from spanport_models.train.sources import IGNORED, Pair

LABELS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
LAYER = 3
MAX_LENGTH = 256
PEAK = 8e-4
PAD, UNKNOWN = 1, 3
SCALE = 20.0
_POOL = 4000
_BATCH = 1200  # padded pieces, both sides together
_LONGEST = 110
_SELF_LABEL_AT = (0.4, 0.7)  # shares of the first cycle after which the model labels half of the native text


def build(size: int, start: NDArray[np.float32] | None = None) -> XLMRobertaForTokenClassification:
    """The untrained network; `start` are initial embeddings, shape (at least size, 256)."""
    config = XLMRobertaConfig(
        vocab_size=size, hidden_size=256, num_hidden_layers=5, num_attention_heads=4, intermediate_size=1024,
        max_position_embeddings=MAX_LENGTH + 2, type_vocab_size=1, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, classifier_dropout=0.0, pad_token_id=PAD, bos_token_id=0, eos_token_id=2,
        num_labels=len(LABELS), id2label=dict(enumerate(LABELS)), label2id={v: k for k, v in enumerate(LABELS)},
        layer_norm_eps=1e-5, attn_implementation="sdpa",
    )  # fmt: skip
    model = XLMRobertaForTokenClassification(config)
    if start is not None:
        with torch.no_grad():
            model.roberta.embeddings.word_embeddings.weight.copy_(torch.from_numpy(start[:size]))
    return model


class Row:
    """One sentence as piece ids with its words' ranges and label ids (-100 where unlabelled)."""

    __slots__ = ("ids", "labels", "names", "starts")

    def __init__(self, words: list[str], labels: list[str], pieces: Pieces, generator: random.Random) -> None:
        self.ids, self.starts, self.labels = [0], [], []
        for word in words:
            self.starts.append(len(self.ids))
            masked = generator.random() < 0.04
            self.ids += [UNKNOWN] if masked else pieces.sampled(word, generator, 0.12)
        known = {label: index for index, label in enumerate(LABELS)} | {IGNORED: -100}
        self.labels = [known.get(label, 0) for label in labels] or [-100] * len(words)
        self.names = [hash(word.lower()) for word in words]
        self.starts.append(len(self.ids))
        self.ids.append(2)


Example = tuple[Row, Row, list[tuple[int, int]]]


class Examples:
    """Endless batches of sentence pairs of similar length."""

    def __init__(self, pairs: list[Pair], pieces: Pieces, seed: int) -> None:
        self.generator = random.Random(seed)
        self.pieces = pieces
        self.pairs = [pair for pair in pairs if pair.words[0]]
        self.weigh()
        self.swap = NameSwap((p for p in self.pairs if p.origin == "en2es/deepl"), self.generator)

    def weigh(self) -> None:
        """Set how often each pair is drawn: one without labels serves the alignment alone."""
        self.weights = np.cumsum([pair.weight * (1.0 if pair.labels[0] else 0.3) for pair in self.pairs])

    def pool(self) -> list[Example]:
        """A few thousand drawn examples of usable length."""
        draws = np.array([self.generator.random() for _ in range(_POOL)]) * self.weights[-1]
        out: list[Example] = []
        for index in np.searchsorted(self.weights, draws):
            pair = self.swap(self.pairs[index], 0.5)
            english, other = (
                Row(pair.words[side], pair.labels[side], self.pieces, self.generator) for side in (0, 1)
            )
            if max(len(english.ids), len(other.ids)) <= _LONGEST:
                out.append((english, other, pair.links))
        return out

    def __iter__(self) -> Iterator[list[Example]]:
        while True:
            pool = sorted(self.pool(), key=lambda e: max(len(e[0].ids), len(e[1].ids)))
            batches: list[list[Example]] = [[]]
            for example in pool:
                width = max(len(example[0].ids), len(example[1].ids))
                if batches[-1] and 2 * width * (len(batches[-1]) + 1) > _BATCH:
                    batches.append([])
                batches[-1].append(example)
            self.generator.shuffle(batches)
            yield from batches


def _inputs(rows: list[Row], generator: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and position ids; a share of the batches is shifted so that every position is trained."""
    width = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), width), PAD, dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = row.ids
    shift = generator.randrange(0, MAX_LENGTH - width) if generator.random() < 0.15 else 0
    positions = np.where(ids == PAD, PAD, np.arange(width) + PAD + 1 + shift)
    return torch.from_numpy(ids), torch.from_numpy(positions)


def _alignment_loss(states: torch.Tensor, batch: list[Example]) -> torch.Tensor:
    """InfoNCE over linked words, both directions, cosine x 20 of mean-pooled states.

    Words equal to the right answer elsewhere in the batch are no negatives. `states`: (2 x pairs, width, hidden),
    English rows first.
    """
    starts: list[list[int]] = [[], []]
    ends: list[list[int]] = [[], []]
    rows: list[list[int]] = [[], []]
    names: list[list[int]] = [[], []]
    sentence: list[int] = []
    for index, (english, other, links) in enumerate(batch):
        for left, right in links:
            sentence.append(index)
            for side, (row, word) in enumerate(((english, left), (other, right))):
                rows[side].append(index + side * len(batch))
                starts[side].append(row.starts[word])
                ends[side].append(row.starts[word + 1])
                names[side].append(row.names[word])
    width = states.shape[1]
    sums = torch.nn.functional.pad(states.cumsum(1), (0, 0, 1, 0)).flatten(0, 1)
    pooled = []
    for side in (0, 1):
        base = torch.tensor(rows[side]) * (width + 1)
        total = sums[base + torch.tensor(ends[side])] - sums[base + torch.tensor(starts[side])]
        pooled.append(torch.nn.functional.normalize(total, dim=-1))
    scores = SCALE * pooled[0] @ pooled[1].T
    place = torch.tensor(sentence)
    apart = place[:, None] != place[None, :]
    target = torch.arange(len(place))
    loss = scores.new_zeros(())
    for matrix, side in ((scores, 1), (scores.T, 0)):
        name = torch.tensor(names[side])
        same = (name[:, None] == name[None, :]) & apart
        loss = loss + torch.nn.functional.cross_entropy(matrix.masked_fill(same, -1e4), target)
    return loss / 2


def joint_loss(
    model: XLMRobertaForTokenClassification, batch: list[Example], generator: random.Random
) -> tuple[torch.Tensor, dict[str, float]]:
    """Token classification on first pieces plus half the alignment loss."""
    rows = [english for english, _, _ in batch] + [other for _, other, _ in batch]
    ids, positions = _inputs(rows, generator)
    labels = np.full(ids.shape, -100, dtype=np.int64)
    for index, row in enumerate(rows):
        labels[index, row.starts[:-1]] = row.labels
    out = model.roberta(
        input_ids=ids, attention_mask=(ids != PAD).long(), position_ids=positions, output_hidden_states=True
    )
    loss = out.last_hidden_state.new_zeros(())
    figures = {}
    flat = torch.from_numpy(labels).flatten()
    if bool((flat >= 0).any()):
        states = out.last_hidden_state.flatten(0, 1)[flat >= 0]
        tagging = torch.nn.functional.cross_entropy(model.classifier(states), flat[flat >= 0])
        loss = loss + tagging
        figures["tag"] = float(tagging.detach())
    if any(links for _, _, links in batch):
        aligning = _alignment_loss(out.hidden_states[LAYER], batch)
        loss = loss + 0.5 * aligning
        figures["align"] = float(aligning.detach())
    return loss, figures


def train(
    pairs: list[Pair], tokenizer: Tokenizer, path: Path, end: float, start: NDArray[np.float32] | None = None,
    resume: bool = True, seed: int = 29,
) -> XLMRobertaForTokenClassification:  # fmt: skip
    """Train until `end` (seconds since the epoch), checkpointing at `path`."""
    prepare_process(seed)
    model = build(tokenizer.get_vocab_size(), start)
    loop = Loop(model, PEAK, end, path, resume)
    generator = random.Random(seed + loop.step)
    pieces = Pieces(tokenizer)
    examples = Examples(pairs, pieces, seed + loop.step)
    batches = iter(examples)
    rounds = list(_SELF_LABEL_AT)
    if loop.earlier:
        rounds.clear()
        teacher = build(tokenizer.get_vocab_size())
        teacher.load_state_dict(mean(loop.earlier))
        label_native(teacher, pairs, pieces, LABELS, _LONGEST)
        examples.weigh()

    def step(progress: float) -> tuple[torch.Tensor, int, dict[str, float]]:
        if rounds and progress >= rounds[0]:
            del rounds[0]
            count = label_native(model, generator.sample(pairs, len(pairs) // 2), pieces, LABELS, _LONGEST)
            print(f"labelled {count} native sentences", flush=True)
            examples.weigh()
        batch = next(batches)
        tokens = sum(len(a.ids) + len(b.ids) for a, b, _ in batch)
        loss, figures = joint_loss(model, batch, generator)
        return loss, tokens, figures

    loop.run(step)
    return model
