"""What a conversion costs: an exported encoder against the network it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spanport_models.encoder import Encoder
from spanport_models.errors import ExportError, RuntimeMissingError
from spanport_models.tokenization import TokenizedWords


@dataclass(frozen=True, slots=True)
class EncoderLoss:
    """Differences on the proof texts.

    Attributes:
        hidden_error: Largest absolute difference between hidden states.
        hidden_scale: Largest absolute value of the original's hidden states.
        mean_cosine: Mean cosine between a subword's state and the original's.
        worst_cosine: The smallest of these.
        label_agreement: Share of subwords with the same best label; None without labels.
    """

    hidden_error: float
    hidden_scale: float
    mean_cosine: float
    worst_cosine: float
    label_agreement: float | None


def compare_encoders(network: Any, folder: Path, texts: Sequence[str]) -> EncoderLoss:
    """Run a network and its exported bundle on the same words, sentence by sentence.

    Raises:
        BundleError: The bundle cannot be loaded.
    """
    import torch

    bundle = Encoder(folder, device="cpu")
    language = next(iter(bundle.manifest.language_tokens), None)
    errors, scales, cosines, agreements = [0.0], [0.0], [np.ones(0)], []
    for item in bundle.tokenize([text.split() for text in texts], language=language):
        exported = {name: value[0, : len(item.ids)] for name, value in bundle.run_raw([item]).items()}
        ids = torch.from_numpy(item.ids.astype(np.int64))[None]
        with torch.inference_mode():
            outputs = network(
                input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True, return_dict=True
            )
        states = outputs.hidden_states[bundle.manifest.layer][0].float().numpy()
        actual = exported["hidden_states"].astype(np.float32)
        errors.append(float(np.abs(actual - states).max()))
        scales.append(float(np.abs(states).max()))
        norms = np.linalg.norm(actual, axis=1) * np.linalg.norm(states, axis=1)
        cosines.append((actual * states).sum(axis=1) / np.maximum(norms, 1e-12))
        if bundle.labels:
            best = outputs.logits[0].argmax(dim=-1).numpy()
            agreements.append(exported["logits"].argmax(axis=-1) == best)
    agreement = float(np.concatenate(agreements).mean()) if agreements else None
    cosine = np.concatenate(cosines)
    return EncoderLoss(max(errors), max(scales), float(cosine.mean()), float(cosine.min()), agreement)


def compare_f1(network: Any, folder: Path, conll: Path) -> tuple[float, float]:
    """Entity F1 (seqeval) of a network and of its exported bundle on a labelled file.

    Raises:
        ExportError: The file has no labelled sentence.
        RuntimeMissingError: seqeval is not installed.
    """
    try:
        from seqeval.metrics import f1_score
    except ImportError as error:
        raise RuntimeMissingError("seqeval is not installed", remedy="Run pip install seqeval.") from error
    sentences = read_labelled(conll)
    if not sentences:
        raise ExportError(f"{conll} has no labelled sentence", expected="lines of a token and a label")
    gold = [[label for _, label in sentence] for sentence in sentences]
    bundle = Encoder(folder, device="cpu")
    items = bundle.tokenize([[word for word, _ in sentence] for sentence in sentences])
    original = [_labels_of(network, item, bundle) for item in items]
    exported = []
    for item in items:
        best = bundle.run([item], hidden=False).word_probabilities.argmax(axis=1)
        exported.append([bundle.labels[number] for number in best])
    return float(f1_score(gold, original)), float(f1_score(gold, exported))


def read_labelled(path: Path) -> list[list[tuple[str, str]]]:
    """Sentences of (word, label) from a CoNLL file: first and last column, blank lines between sentences."""
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    rows = [[line.split() for line in block.splitlines() if not line.startswith("-DOCSTART-")] for block in blocks]
    return [[(row[0], row[-1]) for row in block if row] for block in rows if any(block)]


def _labels_of(network: Any, item: TokenizedWords, bundle: Encoder) -> list[str]:
    """The network's label of each word: the best one at its first subword."""
    import torch

    ids = torch.from_numpy(item.ids.astype(np.int64))[None]
    with torch.inference_mode():
        best = network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].argmax(dim=-1).tolist()
    labels = ["O"] * item.words
    first = np.flatnonzero(np.diff(item.word_of_subword, prepend=-1))
    for position in first:
        labels[item.word_of_subword[position]] = bundle.labels[best[bundle.specials[0] + position]]
    return labels
