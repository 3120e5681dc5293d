"""The composition root: models, systems and streams become jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from spanport import flow
from spanport.errors import ModelError, SpanportError, StageError
from spanport.flow import Work
from spanport.languages import resolve
from spanport.models import Models, mapped_errors
from spanport.options import AlignOptions, EncodeOptions, StreamOptions, TranslateOptions
from spanport.stream import Done, Failed, Outcome, Stage, Stats, run_stages
from spanport.systems.base import Need, System, make_system
from spanport.systems.tools import Tools
from spanport.types import Alignment, Pair, Projection, Sentence

OnError = Literal["raise", "return"]
SystemOptions = msgspec.Struct | dict[str, Any] | None


class Engine:
    """Labels text and carries labels over, as streams: an iterable in, an iterator out, in the same order.

    Models load when a job first needs them. Use it as a context manager, or call `close`.

    ``align``, ``translate``, ``encode`` and ``stream`` replace the defaults of the bundle and of the options.
    """

    def __init__(
        self,
        models: Models,
        *,
        align: AlignOptions | None = None,
        translate: TranslateOptions | None = None,
        encode: EncodeOptions | None = None,
        stream: StreamOptions | None = None,
    ) -> None:
        self.models = models
        self._align_options = align
        self.translate_options = translate or TranslateOptions()
        self.encode_options = encode or EncodeOptions()
        self.stream_options = stream or StreamOptions()
        self.stats = Stats()

    @property
    def align_options(self) -> AlignOptions:
        """What words are aligned by: what was given, else what the bundle was tuned to."""
        return self._align_options or self.models.align_options

    @classmethod
    def from_bundle(
        cls,
        name: str = "mini",
        *,
        device: str = "auto",
        threads: int | None = None,
        align: AlignOptions | None = None,
        translate: TranslateOptions | None = None,
        encode: EncodeOptions | None = None,
        stream: StreamOptions | None = None,
    ) -> Self:
        """An engine on a bundle: a name that `spanport models list` shows, or a folder.

        Raises ModelError when the bundle is missing, corrupted or does not fit, DeviceError when the device is
        not granted.
        """
        models = Models(name, device=device, threads=threads)
        return cls(models, align=align, translate=translate, encode=encode, stream=stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the models go."""
        self.models.release()

    def label(
        self,
        texts: Iterable[str | Sentence],
        *,
        lang: str,
        pivot: str = "eng_Latn",
        system: str = "ngram",
        options: SystemOptions = None,
        on_error: OnError = "raise",
    ) -> Iterator[Projection]:
        """Label text of a language without labelled data: translate, label, align, match, project back.

        ``texts`` are strings or sentences (those with words keep them); ``lang`` and ``pivot`` are language codes.
        Yields one `Projection` per record, in order. A record that cannot be processed raises its error at its
        place, or, with ``on_error="return"``, yields the `RecordError` instead and goes on.

        Raises LanguageError for an unknown code and UsageError for an unknown system.
        """
        outcomes = self.stream_label(texts, lang=lang, pivot=pivot, system=system, options=options)
        return _results(outcomes, on_error)

    def project(
        self,
        pairs: Iterable[Pair],
        *,
        system: str = "ngram",
        options: SystemOptions = None,
        aligned: bool = False,
        on_error: OnError = "raise",
    ) -> Iterator[Projection]:
        """Carry the labels of each source sentence over to its target, aligning the words unless that is given.

        With ``aligned=True`` every pair brings its alignment and no model is loaded (unless the system asks for
        one). Order and errors as in `label`.
        """
        return _results(self.stream_project(pairs, system=system, options=options, aligned=aligned), on_error)

    def align(self, pairs: Iterable[Pair], *, on_error: OnError = "raise") -> Iterator[Alignment]:
        """Align the words of each pair. Order and errors as in `label`."""
        return _results(self.stream_align(pairs), on_error)

    def stream_label(
        self,
        texts: Iterable[str | Sentence | Failed],
        *,
        lang: str,
        pivot: str = "eng_Latn",
        system: str = "ngram",
        options: SystemOptions = None,
        skip: int = 0,
    ) -> Iterator[Outcome]:
        """As `label`, yielding outcomes; records already failed pass through at their place.

        ``skip`` leaves out the first records, handed over by a run before.
        """
        lang, pivot = resolve(lang), resolve(pivot)
        matcher = self._system(system, options)
        encoder = self.models.encoder()
        if not encoder.labels:
            raise ModelError(f"the encoder of {self.models.name!r} is no token classifier, so it cannot label text")
        match = self._step("match", flow.Match(matcher), _words)
        records = (_target_of(text, lang) for text in texts)
        if "source" not in matcher.needs:
            return self._run(records, [*self._encoding(matcher.needs), match], skip)
        translator = self.models.translator()
        steps = [
            self._step("words", _both(flow.split, flow.Pieces(translator, lang, pivot)), _characters),
            self._step(
                "translate",
                _both(flow.Translate(translator, pivot, self.translate_options), flow.Tokenize(encoder)),
                lambda work: len(work.pieces),
                budget=self.translate_options.batch_tokens,
            ),
            self._encode(matcher.needs, label_source=True),
            match,
        ]
        return self._run(records, steps, skip)

    def stream_project(
        self,
        pairs: Iterable[Pair | Failed],
        *,
        system: str = "ngram",
        options: SystemOptions = None,
        aligned: bool = False,
        skip: int = 0,
    ) -> Iterator[Outcome]:
        """As `project`, yielding outcomes; ``skip`` as in `stream_label`."""
        matcher = self._system(system, options)
        match = self._step("match", flow.Match(matcher), _words)
        if "probabilities" in matcher.needs or ("links" in matcher.needs and not aligned):
            steps = [*self._encoding(matcher.needs), match]
        else:
            steps = [self._step("words", _both(flow.split, flow.attach_links), _characters), match]
        return self._run((pair if isinstance(pair, Failed) else flow.from_pair(pair) for pair in pairs), steps, skip)

    def stream_align(self, pairs: Iterable[Pair | Failed], *, skip: int = 0) -> Iterator[Outcome]:
        """As `align`, yielding outcomes; ``skip`` as in `stream_label`."""
        steps = [*self._encoding(frozenset({"source", "links"})), self._step("links", flow.links_only, _words)]
        return self._run((pair if isinstance(pair, Failed) else flow.from_pair(pair) for pair in pairs), steps, skip)

    def _system(self, name: str, options: SystemOptions) -> System:
        """The system, with the translator already there if it needs one: better no start than a late end."""
        system = make_system(name, options, Tools(self.models, lambda: self.align_options, self.encode_options))
        if "translator" in system.needs:
            self.models.translator()
        return system

    def _encoding(self, needs: frozenset[Need]) -> list[Stage]:
        tokenize = flow.Tokenize(self.models.encoder())
        return [
            self._step("words", _both(flow.split, tokenize), _characters),
            self._encode(needs, label_source=False),
        ]

    def _encode(self, needs: frozenset[Need], *, label_source: bool) -> Stage:
        models = self.models
        encode = flow.Encode(models.encoder(), self.align_options, models.lexicon(), needs, label_source=label_source)
        return self._step("encode", encode, _encoder_tokens, budget=self.encode_options.batch_tokens)

    def _step(
        self,
        name: str,
        run: Callable[[Sequence[Any]], Sequence[Any]],
        cost: Callable[[Any], int],
        *,
        budget: int = 200_000,
    ) -> Stage:
        workers = self.stream_options.workers if name in {"translate", "encode"} else 1
        return Stage(name, _mapped(run), cost=cost, budget=budget, max_items=512, workers=workers)

    def _run(self, records: Iterable[Any], steps: Sequence[Stage], skip: int) -> Iterator[Outcome]:
        self.stats = Stats()
        return run_stages(records, steps, self.stream_options, stats=self.stats, skip=skip)


def _target_of(text: str | Sentence | Failed, lang: str) -> Work | Failed:
    if isinstance(text, Failed):
        return text
    if isinstance(text, str):
        return Work(Sentence(text, lang))
    return Work(msgspec.structs.replace(text, language=lang))


def _both(
    first: Callable[[Sequence[Any]], Sequence[Any]], second: Callable[[Sequence[Any]], Sequence[Any]]
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    return lambda batch: second(first(batch))


def _mapped(run: Callable[[Sequence[Any]], Sequence[Any]]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """``run`` with the errors of the models package mapped onto our tree."""

    def mapped(batch: Sequence[Any]) -> Sequence[Any]:
        with mapped_errors():
            return run(batch)

    return mapped


def _characters(work: Work) -> int:
    return 1 + len(work.target.text)


def _words(work: Work) -> int:
    return 1 + len(work.target.words)


def _encoder_tokens(work: Work) -> int:
    target = len(work.target_tokens.ids)
    return target if work.source_tokens is None else 2 * max(target, len(work.source_tokens.ids))


def _results(outcomes: Iterator[Outcome], on_error: OnError) -> Iterator[Any]:
    try:
        for outcome in outcomes:
            if isinstance(outcome, Done):
                yield outcome.value
            elif on_error == "return":
                yield outcome.error
            elif isinstance(outcome.error, SpanportError):
                raise outcome.error
            else:
                raise StageError(f"stage {outcome.stage!r} failed: {outcome.error!r}") from outcome.error
    finally:
        outcomes.close()  # type: ignore[attr-defined]
