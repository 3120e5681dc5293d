"""Frozen option records, one per stage; each default is documented where it stands."""

from __future__ import annotations

from typing import Literal

from spanport.checked import Checked, Natural, Positive, Share, Weight

__all__ = [
    "ALIGNERS", "AlignOptions", "EncodeOptions", "Mixture", "StreamOptions", "SystemOptions", "TranslateOptions",
]  # fmt: skip

Extraction = Literal["intersection", "itermax", "match", "softmax", "entmax15", "forward", "reverse"]
_SIMALIGN: tuple[tuple[str, Extraction], ...] = (
    ("argmax", "intersection"),
    ("itermax", "itermax"),
    ("match", "match"),
)
Score = Literal["pairs", "covered"]
Solver = Literal["exact", "greedy"]

WIDER = 2
"""Batches of the translator are so many times as large as those of the encoder: for each step it reads all its
weights, and multiplies them by one row a sentence. For each of 16 sentences NLLB-600M takes 1.5 times the CPU time
that it takes for each of 64."""


class TranslateOptions(Checked, frozen=True, kw_only=True):
    """How the target text is carried into the pivot language."""

    beam_size: Positive = 1
    """Beams; 1 decodes greedily."""
    batch_tokens: Positive = WIDER * 1024
    """Source tokens of one batch, about: at most twice as many with padding."""


class EncodeOptions(Checked, frozen=True, kw_only=True):
    """How sentences go through the encoder."""

    batch_tokens: Positive = 1024
    """Most tokens, padding included, in one forward pass."""


class Mixture(Checked, frozen=True, kw_only=True):
    """Weights of the similarity that words are aligned by.

    ``S = (neural * cosine + lexicon * L + lexical * X) * (1 - position * (i/m - j/n)**2)``, with L the bilingual
    lexicon and X string similarity (identity, case-folded identity, trigram Dice).
    """

    neural: Weight = 1.0
    lexicon: Weight = 0.0
    lexical: Weight = 0.0
    position: Weight = 0.0
    scale: Weight = 20.0
    """Multiplier of S before a softmax (a cosine alone is too flat for one)."""


class AlignOptions(Checked, frozen=True, kw_only=True):
    """Word alignment from similarities (SimAlign, Jalili Sabet et al. 2020; AWESOME, Dou and Neubig 2021)."""

    extraction: Extraction = "softmax"
    threshold: Share = 0.1
    """Least probability in both directions (softmax); 0 for entmax15."""
    mixture: Mixture = Mixture()
    distortion: Weight = 0.0
    """SimAlign's kappa; 0 is off."""
    metric: Literal["cosine", "cosine01", "dot"] = "cosine"
    """Similarity of vectors; ``cosine01`` is SimAlign's (cosine + 1) / 2, ``dot`` AWESOME's."""
    level: Literal["word", "subword"] = "word"
    """Align mean vectors of words, or subwords, and then words that have any aligned subwords."""
    model: Literal["auto", "encoder", "aligner"] = "auto"
    """Whose vectors: those of the bundle's second encoder (``aligner``; auto: where it has one), or the first's."""


PLAIN = Mixture(scale=1.0)
ALIGNERS = {
    **{
        f"simalign-{name}": AlignOptions(
            extraction=extraction, metric="cosine01", level="subword", mixture=PLAIN, model="encoder"
        )
        for name, extraction in _SIMALIGN
    },
    "awesome": AlignOptions(
        extraction="softmax", threshold=0.001, metric="dot", level="subword", mixture=PLAIN, model="encoder"
    ),
    "awesome-entmax": AlignOptions(
        extraction="entmax15", threshold=0.0, metric="dot", level="subword", mixture=PLAIN, model="encoder"
    ),
    "transalign": AlignOptions(
        extraction="softmax", threshold=0.001, metric="dot", level="subword", mixture=PLAIN, model="aligner"
    ),
}
"""Published aligners by name. ``transalign`` (arXiv 2510.27337) takes the encoder of a translator, exported as the
bundle's aligner. What the bundle itself was tuned to is called ``hybrid``."""


class SystemOptions(Checked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every projection system takes."""

    drop_labels: tuple[str, ...] = ()
    """Labels that are not projected, such as MISC."""
    drop: Literal["before", "after"] = "after"
    """Drop them before the matching (thesis), or after it, so that they may still block others (2501.18750)."""


class StreamOptions(Checked, frozen=True, kw_only=True):
    """How records flow through the engine."""

    window: Positive = 2048
    """Most records in flight: read from the input and not yet handed over."""
    lookahead: Positive = 512
    """Records batched together, sorted by length to keep padding small; at most half of the window."""
    linger: Weight | None = 0.1
    """Seconds without a new record after which a partial look-ahead goes ahead; None waits for all of it.
    With None the batches, hence the last digits of quantised models, depend on the input alone, so that a resumed
    job ends with the same bytes.
    """
    workers: Positive = 1
    """Worker threads per model stage."""
    cache: Natural = 0
    """Results of identical sentences kept across look-aheads; 0 keeps none (inside one they are always shared)."""
    resident: Literal["all", "one"] = "all"
    """Whether all models of a job stay loaded, or one at a time works on spilled blocks of records."""
    spill_block: Positive = 51200
    """Records that go through one model before the next one is loaded, where only one may be resident."""
    spill_folder: str | None = None
    """Where these blocks are spilled: a folder made for them and removed at the end; None takes a temporary one."""
