"""What a conversion costs: an exported encoder against the network it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spanport_models.encoder import Encoder


@dataclass(frozen=True, slots=True)
class EncoderLoss:
    """Differences on the proof texts.

    Attributes:
        hidden_error: Largest absolute difference between hidden states.
        hidden_scale: Largest absolute value of the original's hidden states.
        worst_cosine: Smallest cosine between a subword's state and the original's.
        label_agreement: Share of subwords with the same best label; None without labels.
    """

    hidden_error: float
    hidden_scale: float
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
    errors, scales, cosines, agreements = [0.0], [0.0], [1.0], []
    for item in bundle.tokenize([text.split() for text in texts], language=language):
        exported = bundle.run_raw([item])
        ids = torch.from_numpy(item.ids.astype(np.int64))[None]
        with torch.inference_mode():
            outputs = network(
                input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True, return_dict=True
            )
        states = outputs.hidden_states[bundle.manifest.layer][0].float().numpy()
        actual = exported["hidden_states"][0].astype(np.float32)
        errors.append(float(np.abs(actual - states).max()))
        scales.append(float(np.abs(states).max()))
        norms = np.linalg.norm(actual, axis=1) * np.linalg.norm(states, axis=1)
        cosines.append(float(((actual * states).sum(axis=1) / np.maximum(norms, 1e-12)).min()))
        if bundle.labels:
            best = outputs.logits[0].argmax(dim=-1).numpy()
            agreements.append(exported["logits"][0].argmax(axis=-1) == best)
    agreement = float(np.concatenate(agreements).mean()) if agreements else None
    return EncoderLoss(max(errors), max(scales), min(cosines), agreement)
