"""Translate-train with markers: labelled source text in, labelled target text out (EasyProject, Chen et al. 2023)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, NamedTuple

from spanport.checked import Positive
from spanport.detokenize import phrase
from spanport.options import SystemOptions
from spanport.systems.base import Need, register
from spanport.systems.marked.markers import ACCEPT, Entity, entities_of, mark, marked_spans, ratio, unmark
from spanport.systems.marked.tags import Markers, tag, untag, uses_tags
from spanport.systems.tools import Tools
from spanport.systems.translation import Request, languages_of, sentence_of, translate
from spanport.types import ProjectedSpan, Projection, Sentence
from spanport.work import Work

BRACKETS = str.maketrans("《》【】", "[][]")


class EasyProjectOptions(SystemOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the marked text is translated; a translator tuned to keep markers loses fewer sentences."""

    markers: Markers = "auto"
    """Square brackets, matched by likeness, or XML tags, read by name (LabelPigeon); auto: tags where the bundle says
    that its translator keeps them."""
    beam_size: Positive = 1
    """Beams of the translator; 1 decodes greedily."""


class Form(NamedTuple):
    """An entity of the source: as it is there, and translated alone."""

    entity: Entity
    text: str
    translation: str

    @property
    def label(self) -> str:
        return self.entity.span.label


@register("easyproject")
class EasyProject:
    """Each source sentence is translated with its entities marked; what the markers hold gets the labels.

    The targets of the works are not read, only their language. A sentence whose markers or labels do not come back
    whole is dropped: its projection has an empty target and the status "infeasible".
    """

    options: ClassVar = EasyProjectOptions
    needs: ClassVar = frozenset[Need]({"source", "translator"})
    makes_targets: ClassVar = True

    def __init__(self, settings: EasyProjectOptions, tools: Tools) -> None:
        self.settings, self.tools = settings, tools

    def project(self, works: Sequence[Work]) -> list[Projection]:
        """One projection per record, in order, onto a translation of its source."""
        requests, sizes = [], []
        tagged = uses_tags(self.settings.markers, self.tools.translator)
        for work in works:
            texts = (
                [tag(work.source)]
                if tagged
                else [mark(work.source), *(phrase(work.source, i, j) for i, j, _ in entities_of(work.source))]
            )
            languages = languages_of(work.source, work.target, "easyproject")
            requests += [Request(text, *languages) for text in texts]
            sizes.append(len(texts))
        results = iter(translate(self.tools.translator, requests, self.settings.beam_size))
        answers = [[next(results) for _ in range(size)] for size in sizes]
        if tagged:
            return [read_tags(work, text) for work, (text,) in zip(works, answers, strict=True)]
        return [read_back(work, text, forms) for work, (text, *forms) in zip(works, answers, strict=True)]


def dropped(work: Work) -> Projection:
    """What a system that makes its own targets returns for a sentence it drops."""
    return Projection(Sentence("", work.target.language), (), work.source, status="infeasible")


def normalise_brackets(text: str) -> str:
    """Double brackets become single, East Asian ones square."""
    return re.sub(r"\]+(?:\s*\]+)*", "]", re.sub(r"\[+(?:\s*\[+)*", "[", text.translate(BRACKETS)))


def read_back(work: Work, translated: str, translations: Sequence[str]) -> Projection:
    """The translation with its brackets turned into labelled spans, or `dropped`.

    ``translations`` are those of the entities alone, in order.
    """
    entities = entities_of(work.source)
    text = normalise_brackets(translated)
    found = marked_spans(text)
    if not text.strip() or not len(entities) == text.count("[") == text.count("]") == len(found):
        return dropped(work)
    forms = [
        Form(entity, phrase(work.source, entity.start, entity.end), translation)
        for entity, translation in zip(entities, translations, strict=True)
    ]
    plain = unmark(text)
    matched = assign([span[1:-1].strip() for span in found], forms)
    if matched is None or len(plain.spans) != len(forms):
        return dropped(work)
    sentence = sentence_of(plain.text, work.target.language)
    spans = tuple(
        ProjectedSpan(
            start,
            end,
            form.label,
            1.0 if form.entity.span.score is None else form.entity.span.score,
            form.entity.span,
        )
        for (start, end), form in zip(plain.spans, matched, strict=True)
    )
    projection = Projection(sentence, spans, work.source, status="feasible")
    labels = Counter(label for _, _, label in projection.labelled().word_spans())
    return projection if labels == Counter(form.label for form in forms) else dropped(work)


def read_tags(work: Work, translated: str) -> Projection:
    """The translation with its tags turned into labelled spans; `dropped` where one is missing or two overlap."""
    entities = entities_of(work.source)
    plain = untag(translated, len(entities))
    ordered = sorted(((*found, entities[i].span) for i, found in plain.ranges.items()), key=lambda one: one[:2])
    apart = all(one[1] <= other[0] for one, other in pairwise(ordered))
    if not plain.text.strip() or len(ordered) < len(entities) or not apart:
        return dropped(work)
    spans = tuple(
        ProjectedSpan(start, end, span.label, 1.0 if span.score is None else span.score, span)
        for start, end, span in ordered
    )
    return Projection(sentence_of(plain.text, work.target.language), spans, work.source, status="feasible")


def assign(spans: Sequence[str], forms: Sequence[Form]) -> list[Form] | None:
    """The entity behind each span, or None where the labels do not come out as in the source.

    One entity, or several of one label, are taken in order. Else a span takes the first entity with the same
    translation, with the same form, with a translation like it, with a form like it (ratio above 0.5); a single
    span left over takes the label left over.
    """
    if len({form.label for form in forms}) <= 1:
        return list(forms)
    found = [_resolve(span, forms) for span in spans]
    left = Counter(form.label for form in forms) - Counter(form.label for form in found if form)
    open_spans = [i for i, form in enumerate(found) if form is None]
    if len(open_spans) == 1 and left.total() == 1:
        (label,) = left
        taken = [form for form in found if form]
        found[open_spans[0]] = next(
            (form for form in forms if form.label == label and form not in taken),
            next(form for form in forms if form.label == label),
        )
    complete = [form for form in found if form is not None]
    wanted = Counter(form.label for form in forms)
    if len(complete) < len(found) or Counter(form.label for form in complete) != wanted:
        return None
    return complete


def _resolve(span: str, forms: Sequence[Form]) -> Form | None:
    tests = (
        lambda form: form.translation == span,
        lambda form: form.text == span,
        lambda form: ratio(span, form.translation) > ACCEPT,
        lambda form: ratio(span, form.text) > ACCEPT,
    )
    return next((form for test in tests for form in forms if test(form)), None)
