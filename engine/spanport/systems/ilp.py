"""Candidate matching as an integer program, with any score and any number of projections (thesis)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from spanport.checked import Natural, Share, Weight
from spanport.matching.batch import PairBatch
from spanport.matching.candidates import Source, find_candidates, problem_of
from spanport.matching.nmt import NmtScorer
from spanport.matching.nmt_search import LazyNmt
from spanport.matching.scores import FUSIONS, align_score, ner_score
from spanport.matching.solve import solve
from spanport.options import Score, Solver, SystemOptions
from spanport.systems.base import Matcher, Need, register
from spanport.systems.ner_candidates import reader
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates
    from spanport_kernels.matching import Matching, Ranges
    from spanport_kernels.scores import Scores


Fusion = Literal[
    "align", "ner", "ner_spans", "nmt",
    "align_ner", "align_ner_spans", "align_nmt", "ner_spans_nmt", "all_fusion",
]  # fmt: skip


class IlpOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Candidate matching with any score and any number of projections per entity (thesis)."""

    score: Fusion = "align"
    """One of the scores or a weighted sum; see `spanport.matching.scores.FUSIONS`."""
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
    """Score only candidates that can still win; see `spanport.matching.nmt` for what that may cost."""


@register("ilp")
class Ilp(Matcher):
    """Entities and candidates are matched so that the sum of scores is largest and no two spans overlap."""

    options: ClassVar = IlpOptions

    def __init__(self, settings: IlpOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools
        self.parts = FUSIONS[settings.score]
        self._solve = partial(solve, solver=settings.solver, relation=settings.relation, count=settings.count)
        self._scorer: NmtScorer | None = None

    @property
    def needs(self) -> frozenset[Need]:
        """What the score and the candidates are made of."""
        needs: set[Need] = {"source"}
        if "align" in self.parts or self.settings.candidates in {"hull", "merged"}:
            needs.add("links")
        if {"ner", "ner_spans"} & set(self.parts) or self.settings.candidates == "ner":
            needs.add("probabilities")
        if "nmt" in self.parts:
            needs.add("translator")
        return frozenset(needs)

    def match(self, batch: PairBatch) -> Matching:
        """Ranges matched to the entities."""
        from spanport_kernels.scores import to_ranges

        settings = self.settings
        if settings.score == "align" and settings.candidates == "ngram" and settings.relation in {"<=", "<"}:
            return self._solve(batch.entities, batch.entity_offsets, self._trimmed(batch), batch.target_lengths)
        candidates = find_candidates(
            batch,
            settings.candidates,
            max_length=settings.max_length,
            stop_words=settings.stop_words,
            sub_ranges=settings.sub_ranges,
            read=reader(self.tools.encoder.labels) if settings.candidates == "ner" else None,
        )
        scores = self._scores(batch, candidates)
        if "nmt" in self.parts:
            lazy = LazyNmt(
                batch,
                candidates,
                scores,
                self._nmt_scorer(),
                weight=self.parts["nmt"],
                threshold=settings.nmt_threshold,
            )
            return lazy.solve(self._solve, prune=settings.nmt_prune)
        assert scores is not None, "a score without the NMT score has another part"
        ranges = to_ranges(scores, candidates)
        return self._solve(batch.entities, batch.entity_offsets, ranges, batch.target_lengths)

    def _scores(self, batch: PairBatch, candidates: Candidates) -> Scores | None:
        """The weighted sum of all parts but the NMT score; None where there is no other."""
        from spanport_kernels.scores import fuse

        settings = self.settings
        parts = []
        for part, weight in self.parts.items():
            if part == "align":
                parts.append((align_score(batch, candidates, settings.align_score), weight, 0.0))
            elif part != "nmt":
                found = ner_score(
                    batch,
                    candidates,
                    self.tools.encoder.labels,
                    typed=part == "ner",
                    alpha=settings.ner_alpha,
                    threshold=settings.ner_threshold,
                    spelled=settings.ner_spelled,
                )
                parts.append((found, weight, 0.0))
        return fuse(parts) if parts else None

    def _nmt_scorer(self) -> NmtScorer:
        if self._scorer is None:
            self._scorer = NmtScorer(self.tools.translator)
        return self._scorer

    def _trimmed(self, batch: PairBatch) -> Ranges:
        """Scored n-grams whose both ends are aligned to the entity.

        Trimming an end that is not keeps the numerator, shrinks the denominator and overlaps no more, so that with
        an upper bound alone (no entity *needs* spans) the best matching is among these.
        """
        from spanport_kernels.ngram import ngram_ranges

        settings = self.settings
        problem = problem_of(batch, settings.stop_words)
        every = np.arange(len(batch))
        return ngram_ranges(every, problem, max_length=settings.max_length, score=settings.align_score)
