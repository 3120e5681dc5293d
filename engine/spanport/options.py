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
Source = Literal["ngram", "hull", "merged", "ner"]
Fusion = Literal[
    "align", "ner", "ner_spans", "nmt",
    "align_ner", "align_ner_spans", "align_nmt", "ner_spans_nmt", "all_fusion",
]  # fmt: skip
Order = Literal["given", "length_asc"]
Collision = Literal["skip", "overwrite"]


class TranslateOptions(Checked, frozen=True, kw_only=True):
    """How the target text is carried into the pivot language."""

    beam_size: Positive = 1
    """Beams; 1 decodes greedily."""
    batch_tokens: Positive = 1024
    """Most source tokens, padding included, in one batch."""


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


class NgramOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """N-gram candidates matched by an alignment score (arXiv 2501.18750; thesis, candidate matching)."""

    score: Score = "covered"
    """``pairs`` as published, or ``covered`` (never above 1)."""
    solver: Solver = "exact"
    """How the best set of spans is found: proved best, or taken greedily by score."""
    max_length: Natural = 0
    """Longest candidate in words; 0 means no limit (arXiv 2501.18750; the thesis takes 10)."""
    stop_words: tuple[str, ...] = ("!", "?")
    """Words that no candidate contains."""


class NerCandidatesOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spans that the classifier finds on the target, matched by an alignment score (arXiv 2501.18750)."""

    score: Score = "covered"
    """``pairs`` as published, or ``covered`` (never above 1)."""
    solver: Solver = "exact"
    """How the best set of spans is found: proved best, or taken greedily by score."""
    sub_ranges: bool = False
    """Every range inside a found span is a candidate too."""


class AlignedRangesOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ranges read off each entity's own alignment, matched by an alignment score (thesis, candidate generation)."""

    candidates: Literal["hull", "merged"] = "merged"
    """``hull``: every range from the first to the last aligned word; ``merged``: joined runs of aligned words."""
    score: Score = "covered"
    """``pairs`` as published, or ``covered`` (never above 1)."""
    solver: Solver = "exact"
    """How the best set of spans is found: proved best, or taken greedily by score."""
    sub_ranges: bool = True
    """With ``merged``: the ranges inside a run as well."""


class IlpOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Candidate matching with any score and any number of projections per entity (thesis)."""

    score: Fusion = "align"
    """One of the scores or a weighted sum; see `spanport.stages.score.FUSIONS`."""
    candidates: Source = "ngram"
    """Where candidate ranges come from: n-grams, aligned hulls, joined runs, or the classifier."""
    relation: Literal["<=", "=", ">=", "<", ">"] = "<="
    """How many spans an entity gets, compared with ``count``."""
    count: Natural = 1
    """An entity gets a number of spans that is ``relation count``."""
    solver: Solver = "exact"
    """How the best set of spans is found: proved best, or taken greedily by score."""
    align_score: Score = "pairs"
    """``pairs`` as published, or ``covered`` (never above 1), in the alignment score."""
    max_length: Natural = 10
    """Longest n-gram; 0 means no limit."""
    stop_words: tuple[str, ...] = ("!", "?")
    """Words that no n-gram contains."""
    sub_ranges: bool = True
    """Ranges inside merged or predicted ranges are candidates too."""
    ner_alpha: Weight = 1.15
    """Factor of the NER score per further word."""
    ner_threshold: Share = 0.05
    """NER scores up to this count as 0."""
    ner_spelled: bool = True
    """Score only what the words' best tags spell exactly (the thesis's code; its text always scores)."""
    nmt_threshold: Share = 0.1
    """NMT scores up to this count as 0."""
    nmt_prune: bool = True
    """Score only candidates that can still win; see `spanport.stages.nmt` for what that may cost."""


class HeuristicOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs of aligned words; the defaults are those of arXiv 2501.18750."""

    merge_distance: Natural = 1
    """Runs that are no further apart than this many words are joined; 0 joins none."""
    top_k: Natural = 0
    """Keep the k longest runs of an entity; 0 keeps all."""
    only_i: bool = False
    """Do not merge a run whose first word is aligned to the entity's first word."""
    threshold: Weight | None = 0.8
    """A run is kept when its length over the entity's is strictly greater; None is off."""
    order: Order = "given"
    """Entities take their runs in the order given, or the shortest first."""
    collision: Collision = "overwrite"
    """A run that another entity has taken is skipped, or overwrites it."""
    shortest_first: bool = False
    """Reproduce the thesis code, whose top-k keeps the k shortest runs."""


class EasyLabelProjectionOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Easy-Label-Projection takes no options of its own."""


class SpanFillingOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything from the first to the last aligned word; the filters of arXiv 2505.10507 are off by default.

    Its translate-train uses the three COMP filters with ``discard``, its translate-test RESTR-TGT alone.
    """

    comp_src: bool = False
    """Every word of the entity must be aligned."""
    comp_tgt: bool = False
    """The aligned target words must be contiguous."""
    comp_ins: bool = False
    """The sentence must keep as many entities of each label as the source has, or lose all."""
    restr_tgt: bool = False
    """An entity of one word gets the first aligned target word only."""
    on_failure: Literal["skip", "discard"] = "skip"
    """Skip an entity that fails a filter, or discard all spans of its sentence."""


class ModelTransferOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Model transfer takes no options of its own."""


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
