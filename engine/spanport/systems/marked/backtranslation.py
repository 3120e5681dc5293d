"""Marked back-translation, then projection between two texts of one language (arXiv 2501.18750, tgt2tgt)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import msgspec

from spanport.checked import Positive
from spanport.detokenize import phrase
from spanport.options import SystemOptions
from spanport.systems.base import Need, make_system, register
from spanport.systems.marked.markers import entities_of, mark, marked_spans, match_marked, unmark
from spanport.systems.marked.tags import Markers, tag, untag, uses_tags
from spanport.systems.tools import Tools
from spanport.systems.translation import Request, languages_of, sentence_of, translate
from spanport.types import Projection, Sentence, Span
from spanport.work import Work


class BackTranslationOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What carries the entities from the back-translation onto the original."""

    markers: Markers = "auto"
    """Square brackets, matched by likeness, or XML tags, read by name (LabelPigeon); auto: tags where the bundle says
    that its translator keeps them."""
    projector: str = "heuristic"
    """A system that works on links: heuristic, ngram, ner-candidates, ..."""
    projector_options: dict[str, Any] = msgspec.field(default_factory=dict)
    """Options of that system."""
    beam_size: Positive = 1
    """Beams of the translator; 1 decodes greedily."""


class Returned(NamedTuple):
    """A back-translation with the entities that survived, and the entity of the source behind each."""

    sentence: Sentence
    origins: tuple[Span, ...] = ()


@register("backtranslation")
class BackTranslation:
    """The source is translated back with its entities marked, which are then projected onto the original.

    Entities whose markers get lost, or whose bracketed text is unlike their translation, are lost. Published
    figures are below those of direct projection.
    """

    options: ClassVar = BackTranslationOptions

    def __init__(self, settings: BackTranslationOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools
        self.projector = make_system(settings.projector, settings.projector_options, tools)

    @property
    def needs(self) -> frozenset[Need]:
        """The labelled source, the translator, and the classifier's view if the projector asks for it."""
        extra: frozenset[Need] = frozenset({"source", "translator"})
        return (self.projector.needs - {"links"}) | extra

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order; spans name the entities of the original source."""
        returned = self.translate_back(works)
        used = [b for b, back in enumerate(returned) if back.origins]
        sentences = [returned[b].sentence for b in used]
        links = self.tools.align(sentences, [works[b].target for b in used])
        views = self.tools.probabilities(sentences) if "probabilities" in self.projector.needs else [None] * len(used)
        inner = [
            msgspec.structs.replace(works[b], source=sentence, links=link, source_probabilities=view, alignment=None)
            for b, sentence, link, view in zip(used, sentences, links, views, strict=True)
        ]
        found = dict(zip(used, self.projector.project(inner), strict=True))
        nothing = [Projection(work.target, (), work.source, status="feasible") for work in works]
        return [_restore(nothing[b], back, found[b]) if b in found else nothing[b] for b, back in enumerate(returned)]

    def translate_back(self, works: Sequence[Work]) -> list[Returned]:
        """The marked source sentences in the language of their targets."""
        requests, sizes = [], []
        tagged = uses_tags(self.settings.markers, self.tools.translator)
        for work in works:
            entities = entities_of(work.source)
            forms = [] if tagged else [phrase(work.source, i, j) for i, j, _ in entities]
            texts = [tag(work.source) if tagged else mark(work.source), *forms] if entities else []
            languages = languages_of(work.source, work.target, "backtranslation") if entities else ("", "")
            requests += [Request(text, *languages) for text in texts]
            sizes.append(len(texts))
        results = iter(translate(self.tools.translator, requests, self.settings.beam_size))
        answers = [[next(results) for _ in range(size)] for size in sizes]
        empty = Returned(Sentence(""))
        recover = _recover_tags if tagged else _recover
        return [recover(work, *found) if found else empty for work, found in zip(works, answers, strict=True)]


def _recover(work: Work, text: str, *forms: str) -> Returned:
    """The back-translation without its brackets; ``forms`` are the translations of the entities alone."""
    origins = [entity.span for entity in entities_of(work.source)]
    matches = match_marked(marked_spans(text), forms)
    plain = unmark(text, [match >= 0 for match in matches])
    kept = [origins[match] for match in matches if match >= 0]
    sentence = sentence_of(plain.text, work.target.language)
    spans = tuple(
        Span(start, end, origin.label, origin.score) for (start, end), origin in zip(plain.spans, kept, strict=True)
    )
    return Returned(msgspec.structs.replace(sentence, spans=spans), tuple(kept))


def _recover_tags(work: Work, text: str, *_: str) -> Returned:
    """The back-translation without its tags; entities that overlap the one before are lost."""
    origins = [entity.span for entity in entities_of(work.source)]
    plain = untag(text, len(origins))
    spans: list[Span] = []
    kept: list[Span] = []
    for number, (start, end) in sorted(plain.ranges.items(), key=lambda one: one[1]):
        if not spans or spans[-1].end <= start:
            spans.append(Span(start, end, origins[number].label, origins[number].score))
            kept.append(origins[number])
    sentence = sentence_of(plain.text, work.target.language)
    return Returned(msgspec.structs.replace(sentence, spans=tuple(spans)), tuple(kept))


def _restore(projection: Projection, back: Returned, found: Projection) -> Projection:
    """What was found from the back-translation, with the spans of the original source."""
    origins = {(span.start, span.end): origin for span, origin in zip(back.sentence.spans, back.origins, strict=True)}
    spans = tuple(
        msgspec.structs.replace(span, source=origins[span.source.start, span.source.end] if span.source else None)
        for span in found.spans
    )
    return msgspec.structs.replace(projection, spans=spans, status=found.status)
