"""Training of the miniature translator: an M2M100 (NLLB) network over the shared vocabulary, both directions."""

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import M2M100Config, M2M100ForConditionalGeneration

from mini.augment import NameSwap
from mini.loop import Loop, prepare_process
from mini.pieces import Pieces
from mini.sources import ENGLISH, Pair
from mini.text import place

PEAK = 1e-3
PAD, END = 1, 2
_POOL = 6000
_BATCH = 800  # padded pieces of the longer side: with few tokens to spend, many small steps
_INTO_ENGLISH = 0.92
_NEGATIVES = 2000
_LONGEST = 120
_SHARPEN = 4.0  # the encoder's states are short: without this their logits could not tell pieces apart


def build(size: int, start: NDArray[np.float32] | None = None) -> M2M100ForConditionalGeneration:
    """The untrained network; `start` are initial embeddings, shape (at least size, 256)."""
    config = M2M100Config(
        vocab_size=size, d_model=256, encoder_layers=4, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=1024, decoder_ffn_dim=1024, max_position_embeddings=512,
        dropout=0.0, attention_dropout=0.0, activation_dropout=0.0, encoder_layerdrop=0.0, decoder_layerdrop=0.0,
        pad_token_id=PAD, bos_token_id=0, eos_token_id=END, decoder_start_token_id=END, scale_embedding=True,
        attn_implementation="sdpa",
    )  # fmt: skip
    model = M2M100ForConditionalGeneration(config)
    if start is not None:
        with torch.no_grad():
            model.model.shared.weight.copy_(torch.from_numpy(start[:size]))
    return model


Example = tuple[list[int], list[int], list[tuple[int, int]]]
"""Source ids, target ids, and which target position is a translation of which source position."""


def piece_links(links: list[tuple[int, int]], english: list[int], other: list[int]) -> list[tuple[int, int]]:
    """Positions (counted from 1: a language code comes first) of linked pieces, from linked words."""
    places: dict[int, list[int]] = defaultdict(list)
    for position, word in enumerate(other, 1):
        places[word].append(position)
    partners: dict[int, list[int]] = defaultdict(list)
    for left, right in links:
        partners[left] += places[right]
    return [(position, there) for position, word in enumerate(english, 1) for there in partners.get(word, [])]


class Examples:
    """Endless batches of (source ids, target ids), longest-side buckets, weighted by the pairs' weights."""

    def __init__(self, pairs: list[Pair], pieces: Pieces, seed: int) -> None:
        self.generator = random.Random(seed)
        self.pieces = pieces
        self.pairs = pairs
        self.weights = np.cumsum([pair.weight for pair in pairs])
        self.swap = NameSwap((p for p in pairs if p.origin == "en2es/deepl"), self.generator)
        vocabulary = pieces.tokenizer.get_vocab()
        self.codes = {code: vocabulary[code] for code in {ENGLISH, *(p.language for p in pairs)}}

    def example(self, pair: Pair) -> Example:
        """One direction of one pair as `[source language] pieces </s>` and `[target language] pieces </s>`."""
        generator = self.generator
        swapped = self.swap(pair, 0.3)
        into = generator.random() < _INTO_ENGLISH
        cut = generator.random() < 0.2
        ids: list[list[int]] = []
        owners: list[list[int]] = []
        for side, language in enumerate((ENGLISH, pair.language)):
            source = (side == 1) == into
            words = swapped.words[side]
            spaced = source and generator.random() < 0.25
            text, ends = place(words, language) if words else (pair.texts[side], [])
            if spaced and words:
                text, ends = " ".join(words), list(accumulate(len(word) + 1 for word in words))
            if source and cut:
                pieces, owner = self.pieces.sampled_text(text, generator, 0.05), list[int]()
            else:
                pieces, owner = self.pieces.owned(text, ends)
            ids.append([self.codes[language], *pieces, END])
            owners.append(owner)
        edges = [] if cut else piece_links(swapped.links, owners[0], owners[1])
        if into:
            return ids[1], ids[0], [(english, other) for english, other in edges]
        return ids[0], ids[1], [(other, english) for english, other in edges]

    def pool(self) -> list[Example]:
        """A few thousand drawn examples of usable length."""
        draws = np.array([self.generator.random() for _ in range(_POOL)]) * self.weights[-1]
        examples = (self.example(self.pairs[index]) for index in np.searchsorted(self.weights, draws))
        return [e for e in examples if 3 < len(e[0]) <= _LONGEST and 3 < len(e[1]) <= _LONGEST]

    def __iter__(self) -> Iterator[list[Example]]:
        while True:
            pool = sorted(self.pool(), key=lambda e: (len(e[1]) // 4, len(e[0])))
            batches: list[list[Example]] = [[]]
            longest = 0
            for example in pool:
                longest = max(longest, len(example[0]), len(example[1]))
                if batches[-1] and longest * (len(batches[-1]) + 1) > _BATCH:
                    batches.append([])
                    longest = max(len(example[0]), len(example[1]))
                batches[-1].append(example)
            self.generator.shuffle(batches)
            yield from batches


def _padded(rows: list[list[int]], fill: int) -> torch.Tensor:
    width = max(map(len, rows))
    out = np.full((len(rows), width), fill, dtype=np.int64)
    for index, row in enumerate(rows):
        out[index, : len(row)] = row
    return torch.from_numpy(out)


def _logits(
    states: torch.Tensor, targets: torch.Tensor, table: torch.Tensor, full: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits over candidate pieces, and the targets as places among the candidates.

    Unless `full`, the candidates are the targets themselves and a uniform sample of the other pieces, weighted to
    stand for all of them in the partition sum (importance sampling; Jean et al. 2015, §3).
    """
    if full:
        return states @ table.T, targets
    own, places = targets.unique(return_inverse=True)
    free = torch.ones(len(table), dtype=torch.bool)
    free[own] = False
    others = free.nonzero().squeeze(1)
    sample = others[torch.randint(len(others), (_NEGATIVES,))]
    shift = torch.zeros(len(own) + _NEGATIVES)
    shift[len(own) :] = float(np.log(len(others) / _NEGATIVES))
    return states @ table[torch.cat([own, sample])].T + shift, places


def loss_of(model: M2M100ForConditionalGeneration, batch: list[Example], full: bool) -> tuple[torch.Tensor, float]:
    """Label-smoothed cross-entropy per target piece, and the plain one; `full` as in `_logits`."""
    source = _padded([s for s, _, _ in batch], PAD)
    inputs = _padded([[END, *t[:-1]] for _, t, _ in batch], PAD)
    labels = _padded([[-1, *t[1:]] for _, t, _ in batch], -1).flatten()
    hidden = model.model(
        input_ids=source, attention_mask=(source != PAD).long(), decoder_input_ids=inputs, use_cache=False
    ).last_hidden_state
    chosen = labels >= 0
    logits, targets = _logits(hidden.flatten(0, 1)[chosen], labels[chosen], model.model.shared.weight, full)
    plain = torch.nn.functional.cross_entropy(logits, targets)
    smooth = 0.9 * plain - 0.1 * (logits.mean() - torch.logsumexp(logits, 1).mean())
    return smooth, float(plain.detach())


class Guide:
    """What the tuned word alignments teach: where to look, and what a source piece means by itself.

    *Attention* (Garg et al. 2019, §3): half of the cross-attention heads of each decoder layer learn to look at the
    pieces linked to the piece being predicted. *Lexical translation*: the encoder's state at a linked source piece
    predicts the target piece directly. Without them a translator this small, on so few tokens, stays a language
    model for most of its training.
    """

    def __init__(self, model: M2M100ForConditionalGeneration) -> None:
        self.table = model.model.shared.weight
        self.seen: list[tuple[Any, torch.Tensor, torch.Tensor]] = []
        for layer in model.model.decoder.layers:
            layer.encoder_attn.register_forward_pre_hook(self._remember, with_kwargs=True)

    def _remember(self, module: Any, positional: Any, named: dict[str, Any]) -> None:
        self.seen.append((module, named["hidden_states"], named["key_value_states"]))

    def losses(self, batch: list[Example]) -> tuple[torch.Tensor, torch.Tensor]:
        """Attention loss and lexical loss of the last forward pass; zeros for a batch without links."""
        seen, self.seen = self.seen, []
        states, encoded = seen[0][1:]
        zero = states.new_zeros(())
        edges = [(row, i, j, target[i]) for row, (_, target, links) in enumerate(batch) for i, j in links]
        if not edges:
            return zero, zero
        row, i, j, pieces = torch.tensor(edges).unbind(1)
        mark = torch.zeros(len(batch), states.shape[1], encoded.shape[1], dtype=torch.bool)
        mark[row, i, j] = True
        lengths = torch.tensor([len(source) for source, _, _ in batch])
        pad = (torch.arange(encoded.shape[1]) >= lengths[:, None])[:, None, None, :]
        looking = zero
        for attention, queries, keys in seen:
            query, key = (
                projection(tensor).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)[:, ::2]
                for projection, tensor in ((attention.q_proj, queries), (attention.k_proj, keys))
            )
            scores = (query @ key.transpose(2, 3) * attention.scaling).masked_fill(pad, -1e4)
            right = scores.masked_fill(~mark[:, None], -1e4).logsumexp(-1) - scores.logsumexp(-1)
            looking = looking - right.transpose(1, 2)[mark.any(-1)].mean()
        lexical = torch.nn.functional.cross_entropy(
            *_logits(_SHARPEN * encoded[row, j], pieces, self.table, full=False)
        )
        return looking / len(seen), lexical


def train(
    pairs: list[Pair], tokenizer: Tokenizer, path: Path, end: float, start: NDArray[np.float32] | None = None,
    resume: bool = True, seed: int = 17,
) -> M2M100ForConditionalGeneration:  # fmt: skip
    """Train until `end` (seconds since the epoch), checkpointing at `path`."""
    prepare_process(seed)
    model = build(tokenizer.get_vocab_size(), start)
    loop = Loop(model, PEAK, end, path, resume, table_factor=1.0)
    batches = iter(Examples(pairs, Pieces(tokenizer), seed + loop.step))

    guide = Guide(model)

    def step(progress: float) -> tuple[torch.Tensor, int, dict[str, float]]:
        batch = next(batches)
        loss, plain = loss_of(model, batch, full=progress > 0.97)
        looking, lexical = guide.losses(batch)
        help_weight = 0.5 if progress < 0.8 else 0.25
        loss = loss + help_weight * (looking + lexical)
        tokens = sum(len(s) + len(t) for s, t, _ in batch)
        figures = {"loss": plain, "looking": float(looking.detach()), "lexical": float(lexical.detach())}
        return loss, tokens, figures

    loop.run(step)
    return model
