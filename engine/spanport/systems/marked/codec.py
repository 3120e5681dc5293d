"""Constrained marker placement (CODEC, Le et al. 2024): where would the translator put the brackets?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
import numpy as np

from spanport.checked import Positive
from spanport.detokenize import phrase, running_text
from spanport.options import SystemOptions
from spanport.systems.base import Need, register
from spanport.systems.marked.easyproject import dropped
from spanport.systems.marked.markers import ACCEPT, Entity, entities_of, mark, ratio
from spanport.systems.marked.placement import Ask, Beam, Search, Template, place, run_searches
from spanport.systems.tools import Tools
from spanport.systems.translation import Request, languages_of, sentence_of, translate
from spanport.types import ProjectedSpan, Projection
from spanport.work import Work

PLAUSIBLE = 5.0
"""Largest negative log-likelihood of the entity given a span that is unlike it."""
SURE = 0.9


class CodecOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Direction of the work and width of the search."""

    mode: Literal["translate-test", "translate-train"] = "translate-test"
    """Label the given target, or translate the source and label that (dropping doubtful sentences)."""
    keep: Positive = 5
    """Complete placements kept for re-ranking."""
    lookahead: Annotated[int, msgspec.Meta(ge=-1)] | None = None
    """Tokens by which bounds are compared ahead: 5 (translate-test) or 1 as published; -1 makes the search exact."""
    frontier: Positive = 16
    """Placements of an entity scored at once."""
    beam_size: Positive = 1
    """Beams of the translator; 1 decodes greedily."""


class Candidate(NamedTuple):
    """A span of target words with its running text.

    score: log-probability of the sentence marked so; loss: negative log-likelihood of the entity given the text.
    """

    start: int
    end: int
    text: str
    score: float
    loss: float


class Task(NamedTuple):
    """One entity of one work."""

    work: int
    number: int
    entity: Entity
    text: str


@register("codec")
class Codec:
    """Each entity is marked in the source alone; the brackets go where the marked target is most probable."""

    options: ClassVar = CodecOptions
    needs: ClassVar = frozenset[Need]({"source", "translator"})

    def __init__(self, settings: CodecOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools
        train = settings.mode == "translate-train"
        lookahead = settings.lookahead if settings.lookahead is not None else (1 if train else 5)
        self.makes_targets = train
        self.beam = Beam(settings.keep, lookahead, settings.frontier)

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order. A confidence is a placement's share of the kept ones' probability."""
        train = self.settings.mode == "translate-train"
        works = self._translated(works) if train else works
        tasks = [
            Task(b, i, entity, phrase(work.source, entity.start, entity.end))
            for b, work in enumerate(works)
            for i, entity in enumerate(entities_of(work.source) if work.target.words else ())
        ]
        languages = [languages_of(works[task.work].source, works[task.work].target, "codec") for task in tasks]
        candidates = run_searches(
            [self._search(works[task.work], task) for task in tasks], languages, self.tools.translator
        )
        alone = [""] * len(tasks)
        if train:
            requests = [Request(task.text, *pair) for task, pair in zip(tasks, languages, strict=True)]
            alone = translate(self.tools.translator, requests, self.settings.beam_size)
        chosen: dict[int, list[tuple[Entity, Candidate | None, float]]] = {}
        for task, found, translation in zip(tasks, candidates, alone, strict=True):
            best = pick_for_training(found, (task.text, translation)) if train else shrink(found)
            chosen.setdefault(task.work, []).append((task.entity, best, share(best, found)))
        finish = _whole if train else _overwritten
        return [finish(work, chosen.get(b, [])) for b, work in enumerate(works)]

    def _translated(self, works: Sequence[Work]) -> list[Work]:
        """The works with the translations of their sources as targets."""
        requests = [
            Request(running_text(work.source), *languages_of(work.source, work.target, "codec")) for work in works
        ]
        texts = translate(self.tools.translator, requests, self.settings.beam_size)
        return [
            msgspec.structs.replace(work, target=sentence_of(text, work.target.language))
            for work, text in zip(works, texts, strict=True)
        ]

    def _search(self, work: Work, task: Task) -> Search[list[Candidate]]:
        template = Template(work.target, self.tools.translator, work.source.language)
        places = yield from place(template, running_text(work.source), mark(work.source, task.number), self.beam)
        texts = [phrase(work.target, spot.start, spot.end) for spot in places]
        rows = yield [Ask(text, task.text, back=True) for text in texts]
        return [
            Candidate(spot.start, spot.end, text, spot.score, -float(row.sum()))
            for spot, text, row in zip(places, texts, rows, strict=True)
        ]


def shrink(found: Sequence[Candidate]) -> Candidate | None:
    """The candidate inside the most probable one from which the entity is most likely, if more than from that."""
    if not found:
        return None
    top = found[0]
    inside = [c for c in found if top.start <= c.start and c.end <= top.end]
    return min(inside, key=lambda candidate: candidate.loss)


def pick_for_training(found: Sequence[Candidate], forms: Sequence[str]) -> Candidate | None:
    """Of the candidates like the entity or its translation, or plausible, the likeliest of the most alike.

    Alike: a string ratio above 0.5; plausible: a loss below 5. Where none is nearly equal (0.9), see `shrink`.
    """
    alike = {candidate: max(ratio(candidate.text, form) for form in forms) for candidate in found}
    kept = [candidate for candidate in found if alike[candidate] > ACCEPT or candidate.loss < PLAUSIBLE]
    best = max((alike[candidate] for candidate in kept), default=0.0)
    if best < SURE:
        return shrink(kept)
    return min((c for c in kept if alike[c] == best), key=lambda candidate: candidate.loss)


def share(chosen: Candidate | None, found: Sequence[Candidate]) -> float:
    """The probability of the chosen candidate among those found."""
    if chosen is None:
        return 0.0
    scores = np.array([candidate.score for candidate in found])
    return float(np.exp(chosen.score - scores.max()) / np.exp(scores - scores.max()).sum())


Chosen = Sequence[tuple[Entity, Candidate | None, float]]


def _overwritten(work: Work, chosen: Chosen) -> Projection:
    """Spans of the chosen candidates; later entities take words from earlier ones."""
    owner = [-1] * len(work.target.words)
    for i, (_, candidate, _) in enumerate(chosen):
        if candidate is not None:
            owner[candidate.start : candidate.end] = [i] * (candidate.end - candidate.start)
    spans, at = [], 0
    for i, run in groupby(owner):
        end = at + len(list(run))
        if i >= 0:
            spans.append(_span(work, at, end, chosen[i][0], chosen[i][2]))
        at = end
    return Projection(work.target, tuple(spans), work.source, status="feasible")


def _whole(work: Work, chosen: Chosen) -> Projection:
    """The translation with a span for every entity, or nothing where one is missing or two overlap."""
    rows = [(c.start, c.end, entity, confidence) for entity, c, confidence in chosen if c is not None]
    found = sorted(rows, key=lambda row: row[:2])
    overlap = any(left[1] > right[0] for left, right in pairwise(found))
    if not work.target.words or overlap or len(found) < len(entities_of(work.source)):
        return dropped(work)
    return Projection(work.target, tuple(_span(work, *row) for row in found), work.source, status="feasible")


def _span(work: Work, start: int, end: int, entity: Entity, confidence: float) -> ProjectedSpan:
    words = work.target.words
    score = confidence * (1.0 if entity.span.score is None else entity.span.score)
    return ProjectedSpan(words[start][0], words[end - 1][1], entity.span.label, score, entity.span)
