"""The steps of label, project and align, in the order in which they run, as the stages of a stream.

Each step is a function from a batch of `Work` to the same batch with one field more; it knows models through `ports`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from msgspec.structs import replace

from spanport.encoding.embed import spent, tokenize
from spanport.encoding.encode import Encode
from spanport.errors import LanguageError, ModelError, RecordError, UsageError
from spanport.job import Job
from spanport.models import Models
from spanport.options import TranslateOptions
from spanport.ports import Encoder, Translator
from spanport.stream import Stage
from spanport.stream.stage import Run
from spanport.systems.base import Need, System, makes_targets, run_system
from spanport.systems.tools import aligner_of
from spanport.types import Alignment, Sentence
from spanport.words import with_words
from spanport.work import Work, alignment_of, with_links

MOST_TOKENS = 512
"""A text of more tokens is rejected: sentence models cut or garble it without a word."""

PASSES = 4
"""Forward passes that a batch of pairs is encoded in. With more, each holds sentences closer in length (padding on
news text: 11% with 2, 8% with 4, 7% with 8); with fewer, batches are short, and all cores end at the same time."""

PARTS = {"translator": ("translator",), "encoder": ("encoder", "aligner", "lexicon")}
"""What a part of the stages holds in memory, as `Models.release` names it."""


def steps(job: Job, system: System | None, models: Models) -> list[Stage]:
    """The stages of a job whose system is made already; their models load later.

    Raises UsageError for a text to label and a system that writes its own targets: the text would get lost.
    """
    if system is None:
        needs: frozenset[Need] = frozenset({"source", "links"})
        return [*_encoding(job, models, needs), _stage(job, "links", links_only, "encoder", _words)]
    needs = system.needs
    if job.task == "label":
        if makes_targets(system):
            raise UsageError(
                "this system translates labelled text and labels the translation; use project, without targets"
            )
        if "source" not in needs:
            return [*_encoding(job, models, needs, classify=True), _match(job, system, "encoder")]
        encoding = _encoding(job, models, needs, split_first=False, label_source=True)
        return [*_translating(job, models), *encoding, _match(job, system, "encoder")]
    if job.label_source or "probabilities" in needs or ("links" in needs and not job.aligned):
        return [*_encoding(job, models, needs, label_source=job.label_source), _match(job, system, "encoder")]
    return [_stage(job, "words", linked), _match(job, system)]


def check(job: Job, system: System | None, stages: Sequence[Stage], models: Models) -> bool:
    """Whether a model runs in the job of these stages.

    Raises LanguageError where the job translates what the bundle does not.
    """
    parts = {stage.part for stage in stages} - {""}
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


# --- the stages ----------------------------------------------------------------------------------------------


def _characters(work: Work) -> int:
    return 1 + len(work.target.text)


def _words(work: Work) -> int:
    return 1 + len(work.target.words)


def _pieces(work: Work) -> int:
    return len(work.pieces)


def _tokens(work: Work) -> int:
    return sum([len(tokens.ids) for tokens in (work.target_tokens, work.source_tokens) if tokens is not None])


def _spent(batch: Sequence[Work]) -> tuple[int, int]:
    both = [tokens for work in batch for tokens in (work.target_tokens, work.source_tokens) if tokens is not None]
    return spent(both)


def _stage(
    job: Job,
    name: str,
    run: Run | None,
    part: str = "",
    cost: Callable[[Work], int] = _characters,
    *,
    budget: int | None = None,
    **more: Any,
) -> Stage:
    """A stage; one with a ``budget`` runs a model, in batches of that size, on all workers."""
    workers = job.stream.workers if budget else 1
    pads = budget is not None
    return Stage(
        name, run, cost, budget=budget or 200_000, workers=workers, pads=pads, part=part, computes=pads, **more
    )


def _match(job: Job, system: System, part: str = "") -> Stage:
    return _stage(job, "match", lambda batch: run_system(system, batch), part, _words)


def _translating(job: Job, models: Models) -> list[Stage]:
    """Words and pieces of the target, and its translation: one of texts with the same pieces."""
    words = _stage(
        job, "words", None, "translator", make=lambda: pieces(models.translator(), job.language, job.pivot)
    )
    translating = _stage(
        job, "translate", None, "translator", _pieces,
        budget=job.translate.batch_tokens,
        even=True,
        make=lambda: translate(models.translator(), job.pivot, job.translate),
        key=lambda work: (work.pieces, bool(work.target.words)),
        merge=lambda work, source: replace(work, source=source),
    )  # fmt: skip
    return [words, translating]


def _encoding(
    job: Job,
    models: Models,
    needs: frozenset[Need],
    *,
    split_first: bool = True,
    label_source: bool = False,
    classify: bool = False,
) -> list[Stage]:
    """Words (unless they are there) and tokens of both sides, and what is needed of an encoder's view of them."""

    def tokenizing() -> Run:
        return tokens(models.encoder(), sources="source" in needs, split_first=split_first)

    def encode() -> Run:
        encoder, options = models.encoder(), job.align
        if (label_source or classify) and not encoder.labels:
            raise ModelError(f"the encoder of {models.name!r} is no token classifier, so it cannot label text")
        return Encode(
            encoder,
            options,
            models.lexicon(),
            needs,
            label_source=label_source,
            batch_tokens=job.encode.batch_tokens,
            aligner=aligner_of(models, options) if "links" in needs else None,
        )

    name, cost = ("words", _characters) if split_first else ("tokenize", _words)
    budget = PASSES * job.encode.batch_tokens
    return [
        _stage(job, name, None, "encoder", cost, make=tokenizing),
        _stage(job, "encode", None, "encoder", _tokens, budget=budget, make=encode, spent=_spent),
    ]


# --- the steps -----------------------------------------------------------------------------------------------


def split(batch: Sequence[Work]) -> list[Work]:
    """Give every sentence its words, unless it came with them."""
    out = []
    for work in batch:
        source, target = with_words(work.source), with_words(work.target)
        same = source is work.source and target is work.target
        out.append(work if same else replace(work, source=source, target=target))
    return out


def pieces(translator: Translator, language: str, pivot: str) -> Run:
    """Split the target, and tokenise its text for the translator."""

    def run(batch: Sequence[Work]) -> list[Work]:
        batch = split(batch)
        found = translator.tokenize([work.target.text for work in batch], language, pivot)
        for own in found:
            if len(own) > MOST_TOKENS:
                raise RecordError(
                    f"the text has {len(own)} tokens and the translator takes {MOST_TOKENS}; split it into sentences "
                    "(--sentences; sentences=True in Python)"
                )
        return [replace(work, pieces=tuple(own)) for work, own in zip(batch, found, strict=True)]

    return run


def translate(translator: Translator, pivot: str, options: TranslateOptions) -> Run:
    """Carry the target text into the pivot language, as a `Sentence`; an empty one stays empty."""

    def run(batch: Sequence[Work]) -> list[Sentence]:
        rows = [work.pieces for work in batch if work.target.words]
        found = translator.generate(rows, pivot, beam_size=options.beam_size) if rows else []
        texts = iter([result.text for result in found])
        return [with_words(Sentence(next(texts) if work.target.words else "", pivot)) for work in batch]

    return run


def tokens(encoder: Encoder, *, sources: bool, split_first: bool = False) -> Run:
    """Tokenise the target, and the source where it is needed (``sources``), for the encoder."""

    def run(batch: Sequence[Work]) -> list[Work]:
        if split_first:
            batch = split(batch)
        further = [work.source for work in batch] if sources else []
        found = tokenize(encoder, [*[work.target for work in batch], *further])
        rows = zip_longest(batch, found[: len(batch)], found[len(batch) :])
        return [replace(work, target_tokens=target, source_tokens=source) for work, target, source in rows]

    return run


def linked(batch: Sequence[Work]) -> list[Work]:
    """Words of both sides, and the links that came with the records: all that a system over links needs."""
    return with_links(split(batch))


def links_only(batch: Sequence[Work]) -> list[Alignment]:
    """The word alignment alone."""
    return [alignment_of(work.links) for work in batch]
