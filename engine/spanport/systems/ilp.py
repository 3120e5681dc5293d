"""Candidate matching as an integer program, with any score and any number of projections (thesis)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from spanport.options import IlpOptions
from spanport.ports import Int32, Int64
from spanport.stages.batch import PairBatch
from spanport.stages.candidates import find_candidates, problem_of
from spanport.stages.nmt import NmtScorer
from spanport.stages.score import FUSIONS, align_score, ner_score
from spanport.stages.solve import solve
from spanport.systems.base import Matcher, Need, register
from spanport.systems.lazy_nmt import LazyNmt
from spanport.systems.ner_candidates import reader
from spanport.systems.tools import Tools

if TYPE_CHECKING:
    from spanport_kernels.candidates import Candidates
    from spanport_kernels.matching import Matching, Ranges
    from spanport_kernels.scores import Scores


@register("ilp")
class Ilp(Matcher):
    """Entities and candidates are matched so that the sum of scores is largest and no two spans overlap."""

    options: ClassVar = IlpOptions

    def __init__(self, settings: IlpOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools
        self.parts = FUSIONS[settings.score]
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

    def _solve(self, entities: Int32, entity_offsets: Int64, ranges: Ranges, target_lengths: Int32) -> Matching:
        settings = self.settings
        return solve(
            entities,
            entity_offsets,
            ranges,
            target_lengths,
            solver=settings.solver,
            relation=settings.relation,
            count=settings.count,
        )

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
