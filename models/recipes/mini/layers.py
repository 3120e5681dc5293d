"""How many layers: students cut from the trained encoder, each tuned for the same CPU time, side by side.

A student keeps some of the encoder's layers and goes on with its two losses; a distilled one also learns the
encoder's own label distributions and word vectors. Measured on dev text, whose labels no student sees.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch
from seqeval.metrics import f1_score
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertForTokenClassification

from mini.base import LABELS
from mini.encoder import LAYER, PEAK, joint_loss, load, states
from mini.figures import Figure
from mini.loop import Loop, prepare_process, trained_weights
from mini.pieces import Pieces
from mini.rows import Batch, Example, RowMaker, Sampler, batches
from mini.selflabel import own_links
from mini.sources import LANGUAGES, Pair, load_corpus, read_conll
from spanport_kernels.tagging import best_tags

KEPT = {
    12: tuple(range(12)),
    10: (0, 1, 2, 3, 4, 5, 6, 7, 9, 11),
    8: (0, 1, 3, 4, 6, 7, 9, 11),
}
ROWS = ((12, False), (10, False), (10, True), (8, False), (8, True))
SHARES = {"gold": 0.6, "ntrex": 0.2, "tatoeba112": 0.15, "parallel": 0.05}
_BATCH = 2600
_THINNED = 3  # of the corpus every third pair, more than a student gets to see
_EVERY = 4  # of the dev sentences, so many are skipped to one measured


def cut(model: BertForTokenClassification, count: int) -> int:
    """Keep `count` of the twelve layers in place; return which of the hidden states now aligns."""
    layers = model.bert.encoder.layer
    model.bert.encoder.layer = torch.nn.ModuleList([layers[k] for k in KEPT[count]])
    model.config.num_hidden_layers = count
    return sum(k < LAYER for k in KEPT[count])


def distilling(
    student: tuple[torch.Tensor, torch.Tensor], teacher: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    """How far a student's `states` are from the teacher's: label distributions (KL) and word vectors (cosine)."""
    near = functional.kl_div(
        student[0].log_softmax(-1), teacher[0].log_softmax(-1), reduction="batchmean", log_target=True
    )
    return near + (1 - (student[1] * teacher[1]).sum(-1)).mean()


def tune(
    base: Path, checkpoint: Path, pairs: list[Pair], count: int, distilled: bool, seconds: float
) -> tuple[BertForTokenClassification, int, int]:
    """A student after `seconds` of CPU time, its aligning layer, and the pieces that it has seen."""
    prepare_process(29)
    weights = trained_weights(checkpoint)
    model, teacher = load(base), load(base).eval()
    model.load_state_dict(weights, strict=False)
    teacher.load_state_dict(weights, strict=False)
    layer = cut(model, count)
    sampler = Sampler(pairs, Pieces(Tokenizer.from_file(str(base / "tokenizer.json"))), _BATCH, 29)
    sampler.shares = SHARES
    stream = iter(sampler)

    def step(_: float) -> tuple[torch.Tensor, int, dict[str, float]]:
        batch = next(stream)
        found = states(model, batch, layer)
        loss, figures = joint_loss(*found, batch)
        if distilled:
            with torch.no_grad():
                goal = states(teacher, batch)
            loss = loss + distilling(found, goal)
        return loss, batch.tokens, figures

    path = checkpoint.with_name(f"layers-{count}-{'distilled' if distilled else 'plain'}.pt")
    loop = Loop(model, PEAK, time.process_time() + seconds, path, resume=False, clock=time.process_time)
    loop.run(step)
    path.unlink()
    return model.eval(), layer, loop.tokens


def _examples(data: Path, code: str, make: RowMaker) -> tuple[list[Example], list[list[str]], list[list[str]]]:
    """Every few sentences of a language's dev set with their translations, gold labels, and Pharaoh links."""
    root = data / "conll-parallel"
    native = read_conll(root / "original" / f"{code}.dev.tsv")[::_EVERY]
    english = read_conll(root / f"{code}2en" / "deepl.dev.tsv")[::_EVERY]
    links = (root / f"{code}2en" / "awesome.dev.pharaoh").read_text("utf-8").splitlines()[::_EVERY]
    kept = [
        (make(Pair(LANGUAGES[code], "dev", 1.0, (source, words), ([], []))), labels, edges.split())
        for (words, labels), (source, _), edges in zip(native, english, links, strict=True)
        if words[0] != "-DOCSTART-"
    ]
    examples, gold, given = zip(*kept, strict=True)
    return list(examples), list(gold), list(given)


@torch.no_grad()  # type: ignore[untyped-decorator]
def measure(
    model: BertForTokenClassification, layer: int, data: Path, code: str, make: RowMaker
) -> tuple[float, float, float]:
    """Entity F1 of the native dev sentences, F1 of their links with the given ones, and pieces per CPU second."""
    examples, gold, given = _examples(data, code, make)
    places = {id(example): k for k, example in enumerate(examples)}
    predicted: list[list[str]] = [[] for _ in examples]
    right = found = asked = pieces = 0
    started = time.process_time()
    for group in batches(examples, 8000):
        batch = Batch(group)
        logits, vectors = states(model, batch, layer)
        tags = best_tags(logits.softmax(-1).numpy(), batch.first.astype(np.int64), LABELS)
        for example, (_, english, other) in zip(group, batch.pairs, strict=True):
            a, b = (slice(batch.first[row], batch.first[row + 1]) for row in (english, other))
            place = places[id(example)]
            predicted[place] = [LABELS[k] for k in tags[b]]
            written = batch.written[a], batch.written[b]
            own = {f"{j}-{i}" for i, j in own_links(vectors[a].numpy(), vectors[b].numpy(), written).tolist()}
            right, found, asked = right + len(own & set(given[place])), found + len(own), asked + len(given[place])
        pieces += batch.tokens
    spent = time.process_time() - started
    return float(f1_score(gold, predicted)), 2 * right / (found + asked), pieces / spent


def comparing(data: Path, work: Path, minutes: float) -> Iterator[Figure]:
    """For each student F1 of Spanish and German dev text, F1 of their links, pieces per CPU second (float32).

    Finished students are kept in `work` and not tuned again.
    """
    pairs = [pair for pair in load_corpus(work / "corpus.jsonl", _THINNED) if pair.group in SHARES]
    make = RowMaker(Pieces(Tokenizer.from_file(str(work / "base" / "tokenizer.json"))))
    for count, distilled in ROWS:
        path = work / f"layers-{count}{'-distilled' if distilled else ''}-{minutes:g}.json"
        if not path.exists():
            model, layer, seen = tune(work / "base", work / "encoder.pt", pairs, count, distilled, 60 * minutes)
            kind = f"{count} layers, distilled" if distilled else f"{count} layers"
            name = f"{kind}, {minutes:g} CPU minutes, {seen / 1e6:.2f}M pieces"
            rows = [(name, f"{code}: dev", measure(model, layer, data, code, make)) for code in ("es", "de")]
            path.write_bytes(msgspec.json.encode(rows))
        for name, place, (tagged, linked, speed) in msgspec.json.decode(path.read_bytes()):
            yield Figure(name, place, f"{tagged:.3f} / {linked:.3f} / {speed:.0f}")
