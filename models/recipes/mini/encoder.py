"""Training of the encoder: token classification and word alignment in one network, from the pre-trained base."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertForTokenClassification

from mini.base import LABELS
from mini.loop import Loop, mean, prepare_process
from mini.pieces import Pieces
from mini.rows import NOT_NAMED_ID, Batch, RowMaker, Sampler
from mini.selflabel import label_native, own_links
from mini.sources import Pair

LAYER = 8
PEAK = 2e-4
SCALE = 20.0
ALIGNING = 0.3
_BATCH = 2600
_FIRST = {"gold": 0.55, "native": 0.14, "uner-eng": 0.06, "ntrex": 0.13, "tatoeba112": 0.08, "parallel": 0.04}
_LATER = {**_FIRST, "gold": 0.42, "native": 0.26, "ntrex": 0.1, "uner": 0.1}
_OUTSIDE_OR_MISC = [LABELS.index(label) for label in ("O", "B-MISC", "I-MISC")]
_LABELLED = {"native": 12000, "ntrex": 6000}  # sentences that the model labels before a cycle


def load(base: Path) -> BertForTokenClassification:
    """The base, ready to be tuned: its word embeddings, which have 4 bits, stay as they are."""
    # Written-out attention: in bfloat16 its backward pass is 1.6 times as fast here as the fused one.
    model = BertForTokenClassification.from_pretrained(base, attn_implementation="eager")
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    return model


def states(model: BertForTokenClassification, batch: Batch, layer: int = LAYER) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits at each word's first piece, float32 (W, L), and unit word vectors of the aligning layer (W, d)."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = model.bert(input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=True)
        logits = model.classifier(out.last_hidden_state[batch.word_rows, batch.word_starts])
    middle = out.hidden_states[layer].float()
    sums = functional.pad(middle.cumsum(1), (0, 0, 1, 0))
    total = sums[batch.word_rows, batch.word_ends] - sums[batch.word_rows, batch.word_starts]
    return logits.float(), functional.normalize(total, dim=-1)


def tagging_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of the labelled words; a word that is outside or MISC has the sum of their probabilities."""
    known = labels >= 0
    scores, target = functional.log_softmax(logits[known], dim=-1), labels[known]
    either = target == NOT_NAMED_ID
    single = functional.nll_loss(scores[~either], target[~either], reduction="sum")
    joint = -scores[either][:, _OUTSIDE_OR_MISC].logsumexp(-1).sum()
    return (single + joint) / max(1, len(target))


def links_of(batch: Batch, vectors: torch.Tensor) -> NDArray[np.int64]:
    """Linked words of the whole batch (E, 2), as places in `vectors`: the given links, else the network's own."""
    values = vectors.detach().numpy()
    found = [np.empty((0, 2), np.int64)]
    for links, english, other in batch.pairs:
        a, b = (slice(batch.first[row], batch.first[row + 1]) for row in (english, other))
        written = batch.written[a], batch.written[b]
        own = np.asarray(links, np.int64) if links else own_links(values[a], values[b], written)
        found.append(own + np.array([a.start, b.start]))
    return np.concatenate(found)


def alignment_loss(vectors: torch.Tensor, links: NDArray[np.int64], names: torch.Tensor) -> torch.Tensor:
    """InfoNCE over linked words, both directions; every other word on the far side of any link is a negative.

    Words that are right answers themselves, or equal to one, are left out of the negatives. vectors: (W, d) of unit
    length; links: (E, 2) places in it; names: (W,).
    """
    near, left = np.unique(links[:, 0], return_inverse=True)
    far, right = np.unique(links[:, 1], return_inverse=True)
    scores = SCALE * vectors[torch.from_numpy(near)] @ vectors[torch.from_numpy(far)].T
    i, j = torch.from_numpy(left), torch.from_numpy(right)
    loss = scores.new_zeros(())
    for matrix, row, column, places in ((scores, i, j, far), (scores.T, j, i, near)):
        there = names[torch.from_numpy(places)]
        answers = torch.zeros(matrix.shape).index_put_(
            (row,), (there[column, None] == there).float(), accumulate=True
        )
        rivals = matrix.masked_fill(answers > 0, -torch.inf).logsumexp(1)
        loss = loss + functional.softplus(rivals[row] - matrix[row, column]).mean()
    return loss / 2


def joint_loss(logits: torch.Tensor, vectors: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    """Both losses of a batch's `states`, and what they are."""
    loss, figures = logits.new_zeros(()), {}
    if bool((batch.labels >= 0).any()):
        tagging = tagging_loss(logits, batch.labels)
        loss, figures["tag"] = loss + tagging, float(tagging.detach())
    links = links_of(batch, vectors)
    if len(links):
        aligning = alignment_loss(vectors, links, batch.names)
        loss, figures["align"] = loss + ALIGNING * aligning, float(aligning.detach())
    return loss, figures


def train(
    pairs: list[Pair], base: Path, path: Path, end: float, resume: bool = True, seed: int = 29,
    labelled: Mapping[str, int] = _LABELLED,
) -> BertForTokenClassification:  # fmt: skip
    """Train one cycle, until `end` (seconds since the epoch), checkpointing at `path`.

    The first cycle sees gold labels of English and their translations alone. Before each further one what the last
    ended with labels text of other languages, through its translations, and gold labels of other languages come in.
    """
    prepare_process(seed)
    model = load(base)
    loop = Loop(model, PEAK, end, path, resume)
    pieces = Pieces(Tokenizer.from_file(str(base / "tokenizer.json")))
    sampler = Sampler(pairs, pieces, _BATCH, seed + loop.step)
    sampler.shares = _FIRST
    if loop.earlier:
        sampler.shares = _LATER
        teacher = load(base)
        teacher.load_state_dict(mean(loop.earlier), strict=False)
        make = RowMaker(pieces)
        for group, count in labelled.items():
            chosen = sampler.generator.sample(sampler.groups[group], min(count, len(sampler.groups[group])))
            print(f"labelled {label_native(lambda b: states(teacher, b), chosen, make)} of {group}", flush=True)
    batches = iter(sampler)

    def step(_: float) -> tuple[torch.Tensor, int, dict[str, float]]:
        batch = next(batches)
        loss, figures = joint_loss(*states(model, batch), batch)
        return loss, batch.tokens, figures

    loop.run(step)
    return model
