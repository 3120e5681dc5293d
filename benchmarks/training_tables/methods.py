"""Methods that only the benchmark needs: more pre-training, and the contrasts without the student after them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from spanport_models.tokenization import WordTokenizer
from spanport_models.training import Material, MethodOptions, Network
from spanport_models.training.aligner import MASKED, mask_id
from spanport_models.training.examples import Batch
from spanport_models.training.loop import Figures
from spanport_models.training.methods.base import Method, Need, make_method
from spanport_models.training.methods.concner import ConcnerOptions, Contrasting
from spanport_models.training.objectives import Beside, Further, Tagging
from spanport_models.training.options import count_words
from spanport_models.training.run import Run


class MaskedWords:
    """Masked language modelling over the subwords of the text, its output weights those of the input."""

    further: Further = ()

    def __init__(self, tokenizer: WordTokenizer, text: Beside) -> None:
        self.mask_id, self.text = mask_id(tokenizer), text
        self.pieces: Tensor | None = None

    def __call__(self, network: Network, batch: Batch, step: int) -> tuple[Tensor, Figures]:
        if self.pieces is None:
            stream = self.text.of(network)
            every = [torch.from_numpy(stream.collate(index).ids).flatten() for index in stream.in_order()]
            self.pieces = torch.cat(every).unique()
        ids, mask = torch.from_numpy(batch.ids), torch.from_numpy(batch.mask).bool()
        chosen = (torch.rand(ids.shape) < MASKED) & mask
        states = network.states(ids.masked_fill(chosen, self.mask_id).numpy(), batch.mask)
        logits = states[chosen].float() @ network.model.get_input_embeddings().weight[self.pieces].T
        return functional.cross_entropy(logits, torch.searchsorted(self.pieces, ids[chosen])), {}


class Masked:
    """Half of the words: the target text with masked subwords; then the labelled sources as in `direct`."""

    options: ClassVar = MethodOptions
    needs: ClassVar = frozenset[Need]({"labelled", "text"})
    soft: ClassVar = False
    settings = MethodOptions()

    def fits(self, material: Material) -> dict[str, int]:
        """Both fits pass over as many words: the text as often as that takes."""
        count = count_words(material.labelled)
        return {"masked": count, "direct": count}

    def train(self, material: Material, run: Run) -> Network:
        """The tagger."""
        often = max(1, round(count_words(material.labelled) / count_words(material.text)))
        text = [*material.text] * often
        start = run.network()
        beside = Beside(text, run.options.batch_tokens, run.seed)
        network = run.fit("masked", text, MaskedWords(start.tokenizer, beside))
        return run.fit("direct", material.labelled, Tagging(), start=network)


class Contrasted:
    """The teacher of `concner` alone: cross-entropy and contrasts."""

    options: ClassVar = ConcnerOptions
    needs: ClassVar = frozenset[Need]({"labelled", "projected", "origins"})
    soft: ClassVar = False

    def __init__(self, settings: ConcnerOptions) -> None:
        self.settings = settings

    def fits(self, material: Material) -> dict[str, int]:
        """One fit, which sees as many words of pairs on either side."""
        return {"teacher": 3 * count_words(material.labelled)}

    def train(self, material: Material, run: Run) -> Network:
        """The tagger."""
        tokens = run.options.batch_tokens
        beside = (Beside(material.origins, tokens, run.seed), Beside(material.projected, tokens, run.seed))
        return run.fit("teacher", material.labelled, Contrasting(self.settings, *beside))


def method_of(name: str, options: Mapping[str, Any]) -> Method:
    """One of these, or of spanport's."""
    if name == "masked":
        return Masked()  # type: ignore[return-value]
    if name == "contrasted":
        return Contrasted(ConcnerOptions(**options))
    return make_method(name, options)
