"""Calibrated matching (ours): the most probable spans, and none where nothing is probable enough."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from spanport.checked import Positive, Share
from spanport.errors import UsageError
from spanport.matching.batch import STATUSES, PairBatch, pack
from spanport.options import SystemOptions
from spanport.systems.base import Need, register
from spanport.systems.calibrated.columns import Float64
from spanport.systems.calibrated.evidence import Evidence, gather
from spanport.systems.calibrated.names import NAMES
from spanport.systems.calibrated.regression import load_calibration
from spanport.systems.calibrated.view import suggest, view_of
from spanport.systems.tools import Tools
from spanport.types import ProjectedSpan, Projection
from spanport.work import Work, alignment_of

log = logging.getLogger(__name__)


class CalibratedOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The trade of precision for recall, and what the probabilities are estimated from."""

    tau: Share | None = None
    """Least probability of a projected span: higher is more precise, lower finds more. None: best F1 on dev data."""
    view: bool = True
    """Use the classifier's view, of targets in languages that it has seen (its manifest's and the calibration's; all
    where its manifest names none); without it links suffice and no model is needed."""
    discover: bool = True
    """Also consider entities that the classifier half sees on either side, where the source labels are its own, and
    where the sources are the translator's those that it lost."""
    max_length: Positive = 12
    """Longest candidate in words."""
    calibration: str = ""
    """JSON file of a calibration of one's own; the default is the bundle's, and where it has none that of `mini`."""


class Scored(NamedTuple):
    """A batch, its candidates, and the probability of each, float64 (C,)."""

    batch: PairBatch
    evidence: Evidence
    probability: Float64


@register("calibrated")
class Calibrated:
    """The matching with the largest sum of (probability - tau); a span's confidence is its probability."""

    options: ClassVar = CalibratedOptions

    def __init__(self, settings: CalibratedOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools
        calibration = load_calibration(settings.calibration, tools.calibration)
        view = calibration.translated or calibration.view if tools.translated else calibration.view
        self.links, self.model = calibration.links, view if settings.view else calibration.links
        for model, names in ((self.links, NAMES[False]), (self.model, NAMES[settings.view])):
            if set(model.weights) != set(names):
                raise UsageError(
                    f"calibration {settings.calibration!r} does not weigh the evidence of this version; fit it anew "
                    "with `spanport calibrate`"
                )
        self._unseen: set[str] = set()

    @cached_property
    def _classifier(self) -> tuple[Sequence[str], frozenset[str]]:
        """The tags that its probabilities stand for, and the languages that it has seen."""
        encoder = self.tools.encoder
        return encoder.labels, frozenset(encoder.languages)

    @property
    def needs(self) -> frozenset[Need]:
        """Links, and the classifier's probabilities if its view is asked for."""
        return frozenset({"source", "links", "probabilities"} if self.settings.view else {"source", "links"})

    @property
    def tau(self) -> float:
        """The threshold: what was asked for, else the regression's own."""
        return self.model.tau if self.settings.tau is None else self.settings.tau

    def score(self, works: Sequence[Work], view: bool | None = None) -> Scored:
        """The candidates of all works with their probabilities; ``view`` as the settings have it unless given.

        Raises UsageError where the view is asked for and a work lacks probabilities.
        """
        view = self.settings.view if view is None else view
        tags = self._classifier[0] if view else None
        batch, evidence = weigh(
            works, tags,
            max_length=self.settings.max_length, discover=self.settings.discover, translated=self.tools.translated,
        )  # fmt: skip
        model = self.model if view else self.links
        return Scored(batch, evidence, model.probability(NAMES[view], evidence.matrix, languages(batch, evidence)))

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order."""
        found: dict[int, Projection] = {}
        seen = [self.settings.view and self.sees(work.target.language) for work in works]
        for view in set(seen):
            here = [b for b, own in enumerate(seen) if own == view]
            tau = self.tau if view or self.settings.tau is not None else self.links.tau
            found |= zip(here, select(self.score([works[b] for b in here], view), tau), strict=True)
        return [found[b] for b in range(len(works))]

    def sees(self, language: str) -> bool:
        """Whether the classifier has seen a language; of one that it has not a warning says so, once."""
        known = self._classifier[1]
        if not known or not language or language in known or language in self.model.conventions:
            return True
        if language not in self._unseen:
            self._unseen.add(language)
            log.warning(
                "the bundle's classifier has not seen %s: calibrated leaves its view out there, as with view=false",
                language,
            )
        return False


def weigh(
    works: Sequence[Work],
    tags: Sequence[str] | None,
    *,
    max_length: int = 12,
    discover: bool = True,
    translated: bool = False,
) -> tuple[PairBatch, Evidence]:
    """The candidates of all works and what speaks for them; options as in `CalibratedOptions`.

    tags: the names of the columns of the works' probabilities, None to leave the classifier's view out; translated:
    whether the sources are the bundle's own translations of the targets.
    Raises UsageError as `view_of`.
    """
    view = view_of(works, tags) if tags else None
    further = suggest(works, view, translated=translated) if view and discover else None
    batch = pack(works, further)
    own = [set(work.source.spans) for work in works]
    pair = np.repeat(np.arange(batch.target_lengths.size), np.diff(batch.entity_offsets)).tolist()
    new = [span not in own[b] for b, span in zip(pair, batch.entity_spans, strict=True)]
    return batch, gather(batch, max_length, view, np.array(new, np.bool_))


def languages(batch: PairBatch, evidence: Evidence) -> list[str]:
    """The target language of each candidate."""
    spoken = [work.target.language for work in batch.works]
    return [spoken[b] for b in evidence.ranges.pair.tolist()]


def select(scored: Scored, tau: float) -> list[Projection]:
    """The best matching of a scored batch: at most one span per entity, no overlaps, none below ``tau``."""
    from spanport.matching.solve import solve
    from spanport_kernels.matching import Ranges

    batch, (candidates, _), probability = scored
    offsets = np.searchsorted(candidates.pair, np.arange(batch.target_lengths.size + 1)).astype(np.int64)
    ranges = Ranges(
        (candidates.entity - batch.entity_offsets[candidates.pair]).astype(np.int32),
        candidates.start.astype(np.int32),
        candidates.end.astype(np.int32),
        probability - tau,
        offsets,
    )
    found = solve(batch.entities, batch.entity_offsets, ranges, batch.target_lengths)
    spans: list[list[ProjectedSpan]] = [[] for _ in batch.works]
    pairs = np.repeat(np.arange(batch.target_lengths.size), np.diff(found.offsets)).tolist()
    for b, (start, end, label, entity), gain in zip(pairs, found.spans.tolist(), found.scores.tolist(), strict=True):
        words = batch.works[b].target.words
        origin = batch.entity_spans[int(batch.entity_offsets[b]) + entity]
        known = origin in batch.works[b].source.spans
        confidence = min(1.0, max(0.0, gain + tau))
        spans[b].append(
            ProjectedSpan(
                words[start][0], words[end - 1][1], batch.labels[label], confidence, origin if known else None
            )
        )
    return [
        Projection(
            work.target,
            tuple(sorted(spans[b], key=lambda span: span.start)),
            work.source,
            alignment_of(work.links),
            STATUSES[int(found.status[b])],
        )
        for b, work in enumerate(batch.works)
    ]
