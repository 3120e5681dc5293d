"""The steps of label, project and align, in the order in which they run, as the stages of a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from spanport import flow
from spanport.errors import LanguageError, ModelError, UsageError
from spanport.job import Job
from spanport.models import Models
from spanport.stream import Stage
from spanport.systems.base import Need, System, makes_targets
from spanport.systems.tools import aligner_of
from spanport.work import Work

Run = Callable[[Sequence[Any]], Sequence[Any]]

PASSES = 4
"""Forward passes that a batch of pairs is encoded in. With more, each holds sentences closer in length (padding on
news text: 11% with 2, 8% with 4, 7% with 8); with fewer, batches are short, and all cores end at the same time."""

PARTS = {"translator": ("translator",), "encoder": ("encoder", "aligner", "lexicon")}
"""What a part of the stages holds in memory, as `Models.release` names it."""


def steps(job: Job, system: System | None, models: Models) -> list[Stage]:
    """The stages of a job whose system is made already; their models load later.

    Raises UsageError for a text to label and a system that writes its own targets: the text would get lost.
    """
    made = _Steps(job, models)
    if system is None:
        needs: frozenset[Need] = frozenset({"source", "links"})
        return [*made.encoding(needs), made.step("links", "encoder", lambda: flow.links_only, _words)]
    needs = system.needs
    if job.task == "label":
        if makes_targets(system):
            raise UsageError(
                "this system translates labelled text and labels the translation; use project, without targets"
            )
        if "source" not in needs:
            return [*made.encoding(needs, classify=True), made.match(system, "encoder")]
        encoding = made.encoding(needs, split=False, label_source=True)
        return [*made.translating(), *encoding, made.match(system, "encoder")]
    if job.label_source or "probabilities" in needs or ("links" in needs and not job.aligned):
        return [*made.encoding(needs, label_source=job.label_source), made.match(system, "encoder")]
    words = made.step("words", "", lambda: flow.linked)
    return [words, made.match(system, "")]


def check(job: Job, system: System | None, models: Models) -> bool:
    """Whether a model runs in the job.

    Raises UsageError as `steps`, LanguageError where the job translates what the bundle does not.
    """
    parts = {stage.part for stage in steps(job, system, models)} - {""}
    if system is not None and "translator" in system.needs:
        parts.add("translator")
    known = models.languages
    for code in (job.language, job.pivot):
        if "translator" in parts and code and known and code not in known:
            way_out = "; the system model-transfer labels without translating" if job.task == "label" else ""
            raise LanguageError(
                f"the bundle {models.name!r} does not translate {code}; it knows {', '.join(known)}{way_out}"
            )
    return bool(parts)


class _Lazy:
    """A step that is made, and its model loaded, when `load` is called or it first runs."""

    def __init__(self, make: Callable[[], Run]) -> None:
        self._make = make
        self._made: Run | None = None

    def load(self) -> Run:
        """The step."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def free(self) -> None:
        """Let it go."""
        self._made = None

    def __call__(self, batch: Sequence[Any]) -> Sequence[Any]:
        return self.load()(batch)


class _Steps:
    """Makes stages with the options of a job."""

    def __init__(self, job: Job, models: Models) -> None:
        self.job, self.models = job, models

    def step(
        self,
        name: str,
        part: str,
        make: Callable[[], Run],
        cost: Callable[[Any], int] | None = None,
        *,
        budget: int | None = None,
    ) -> Stage:
        """A stage; one with a ``budget`` runs a model, in batches of that size, on all workers."""
        lazy, measure = _Lazy(make), cost or _characters
        return Stage(
            name,
            lazy,
            measure,
            budget=budget or 200_000,
            max_items=512,
            workers=self.job.stream.workers if budget else 1,
            spent=None if budget else _unpadded(measure),
            part=part,
            load=lazy.load,
            free=lazy.free,
        )

    def translating(self) -> list[Stage]:
        """Words and pieces of the target, and its translation."""
        models, job = self.models, self.job

        def pieces() -> Run:
            return _both(flow.split, flow.Pieces(models.translator(), job.language, job.pivot))

        translate = self.step(
            "translate",
            "translator",
            lambda: flow.Translate(models.translator(), job.pivot, job.translate),
            lambda work: len(work.pieces),
            budget=job.translate.batch_tokens,
        )
        merged = replace(translate, key=flow.Translate.key, merge=flow.Translate.merge)
        return [self.step("words", "translator", pieces), merged]

    def encoding(
        self, needs: frozenset[Need], *, split: bool = True, label_source: bool = False, classify: bool = False
    ) -> list[Stage]:
        """Words (unless they are there) and tokens of both sides, and what is needed of an encoder's view of them."""
        models = self.models

        def tokenize() -> Run:
            return flow.Tokenize(models.encoder(), sources="source" in needs)

        tokens = (
            self.step("words", "encoder", lambda: _both(flow.split, tokenize()))
            if split
            else self.step("tokenize", "encoder", tokenize, _words)
        )
        encode = self.step(
            "encode",
            "encoder",
            lambda: self._encode(needs, label_source=label_source, classify=classify),
            _encoder_tokens,
            budget=PASSES * self.job.encode.batch_tokens,
        )
        load: Any = encode.load
        return [tokens, replace(encode, spent=lambda batch: load().spent(batch))]

    def _encode(self, needs: frozenset[Need], *, label_source: bool, classify: bool) -> Run:
        models, options = self.models, self.job.align
        encoder = models.encoder()
        if (label_source or classify) and not encoder.labels:
            raise ModelError(f"the encoder of {models.name!r} is no token classifier, so it cannot label text")
        return flow.Encode(
            encoder,
            options,
            models.lexicon(),
            needs,
            label_source=label_source,
            batch_tokens=self.job.encode.batch_tokens,
            aligner=aligner_of(models, options) if "links" in needs else None,
        )

    def match(self, system: System, part: str) -> Stage:
        """The system's step."""
        return self.step("match", part, lambda: flow.Match(system), _words)


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
