"""The jobs as groups of stages: which steps a job takes, in what order, and which model each group needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spanport import flow
from spanport.errors import ModelError, UsageError
from spanport.flow import Work
from spanport.models import Models
from spanport.options import AlignOptions, EncodeOptions, StreamOptions, TranslateOptions
from spanport.stream import Stage
from spanport.systems.base import Need, System, makes_targets
from spanport.systems.tools import aligner_of

Run = Callable[[Sequence[Any]], Sequence[Any]]

PASSES = 4
"""Forward passes that a batch of pairs is encoded in. With more, each holds sentences closer in length (padding on
news text: 11% with 2, 8% with 4, 7% with 8); with fewer, batches are short, and all cores end at the same time."""


@dataclass(frozen=True, slots=True)
class Group:
    """Stages that share a model (``part``: translator, encoder, or "" for none); ``stages`` loads it."""

    part: str
    stages: Callable[[], list[Stage]]


class Planner:
    """Builds the groups of each job from the models and the options of their stages."""

    def __init__(
        self,
        models: Models,
        align: Callable[[], AlignOptions],
        translate: TranslateOptions,
        encode: EncodeOptions,
        stream: StreamOptions,
    ) -> None:
        self.models, self.align_options = models, align
        self.translate_options, self.encode_options, self.stream_options = translate, encode, stream

    def label(self, lang: str, pivot: str, system: System) -> list[Group]:
        """Translate, label, align, match; a system that needs no source labels the target at once.

        Raises UsageError for a system that writes its own targets: the text to label would get lost.
        """
        if makes_targets(system):
            raise UsageError(
                "this system translates labelled text and labels the translation; use project, without targets"
            )
        if "source" not in system.needs:
            return [Group("encoder", lambda: [*self._encoding(system.needs, classify=True), self._match(system)])]
        return [
            Group("translator", lambda: self._translating(lang, pivot)),
            Group(
                "encoder",
                lambda: [self._tokenize(), self._encode(system.needs, label_source=True), self._match(system)],
            ),
        ]

    def project(self, system: System, *, aligned: bool, label_source: bool = False) -> list[Group]:
        """Align unless that is given, label the source if its labels are to be the classifier's, match."""
        if label_source or "probabilities" in system.needs or ("links" in system.needs and not aligned):
            needs = system.needs
            return [
                Group("encoder", lambda: [*self._encoding(needs, label_source=label_source), self._match(system)])
            ]
        return [Group("", lambda: [self._step("words", _both(flow.split, flow.attach_links)), self._match(system)])]

    def align(self) -> list[Group]:
        """Align alone."""
        needs: frozenset[Need] = frozenset({"source", "links"})
        return [Group("encoder", lambda: [*self._encoding(needs), self._step("links", flow.links_only, _words)])]

    def _translating(self, lang: str, pivot: str) -> list[Stage]:
        translator = self.models.translator()
        translate = flow.Translate(translator, pivot, self.translate_options)
        stage = self._step(
            "translate",
            translate,
            lambda work: len(work.pieces),
            budget=self.translate_options.batch_tokens,
            workers=self.stream_options.workers,
        )
        return [
            self._step("words", _both(flow.split, flow.Pieces(translator, lang, pivot))),
            replace(stage, key=translate.key, merge=translate.merge),
        ]

    def _encoding(self, needs: frozenset[Need], *, label_source: bool = False, classify: bool = False) -> list[Stage]:
        tokenize = _both(flow.split, flow.Tokenize(self.models.encoder()))
        return [self._step("words", tokenize), self._encode(needs, label_source=label_source, classify=classify)]

    def _tokenize(self) -> Stage:
        return self._step("tokenize", flow.Tokenize(self.models.encoder()), _words)

    def _encode(self, needs: frozenset[Need], *, label_source: bool, classify: bool = False) -> Stage:
        models = self.models
        encoder, options = models.encoder(), self.align_options()
        if (label_source or classify) and not encoder.labels:
            raise ModelError(f"the encoder of {models.name!r} is no token classifier, so it cannot label text")
        encode = flow.Encode(
            encoder,
            options,
            models.lexicon(),
            needs,
            label_source=label_source,
            batch_tokens=self.encode_options.batch_tokens,
            aligner=aligner_of(models, options) if "links" in needs else None,
        )
        budget = PASSES * self.encode_options.batch_tokens
        stage = self._step("encode", encode, _encoder_tokens, budget=budget, workers=self.stream_options.workers)
        return replace(stage, spent=encode.spent)

    def _match(self, system: System) -> Stage:
        return self._step("match", flow.Match(system), _words)

    def _step(
        self,
        name: str,
        run: Run,
        cost: Callable[[Any], int] | None = None,
        *,
        budget: int | None = None,
        workers: int = 1,
    ) -> Stage:
        measure = cost or _characters
        spent = None if budget else _unpadded(measure)
        return Stage(name, run, measure, budget=budget or 200_000, max_items=512, workers=workers, spent=spent)


def _both(first: Run, second: Run) -> Run:
    return lambda batch: second(first(batch))


def _unpadded(cost: Callable[[Any], int]) -> Callable[[Sequence[Any]], tuple[int, int]]:
    """What a step without a model spends: nothing on padding."""

    def spent(batch: Sequence[Any]) -> tuple[int, int]:
        total = sum(map(cost, batch))
        return total, total

    return spent


def _characters(work: Work) -> int:
    return 1 + len(work.target.text)


def _words(work: Work) -> int:
    return 1 + len(work.target.words)


def _encoder_tokens(work: Work) -> int:
    return sum(len(tokens.ids) for tokens in (work.target_tokens, work.source_tokens) if tokens is not None)
