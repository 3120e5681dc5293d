"""The composition root: models, systems and streams become jobs."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Self

import msgspec

from spanport.errors import UsageError
from spanport.flow import Work
from spanport.handover import OnError, amap, aresults, results, target_of, work_of
from spanport.languages import resolve
from spanport.models import Models
from spanport.options import ALIGNERS, AlignOptions, EncodeOptions, StreamOptions, TranslateOptions
from spanport.plan import Group, Planner
from spanport.stream import Failed, Outcome, Stage, StageGroup, Stats, arun_stages, run_staged, run_stages
from spanport.systems.base import System, make_system
from spanport.systems.tools import Tools
from spanport.types import Alignment, Pair, Projection, Sentence

SystemOptions = msgspec.Struct | dict[str, Any] | None


class Engine:
    """Labels text and carries labels over, as streams: an iterable in, an iterator out, in the same order.

    Models load when a job first needs them. Use it as a context manager, or call `close`.

    ``align``, ``translate``, ``encode`` and ``stream`` replace the defaults of the bundle and of the options; the
    first may also name a published aligner (``simalign-itermax``, ``awesome``, ...; see `spanport.options.ALIGNERS`).
    """

    def __init__(
        self,
        models: Models,
        *,
        align: AlignOptions | str | None = None,
        translate: TranslateOptions | None = None,
        encode: EncodeOptions | None = None,
        stream: StreamOptions | None = None,
    ) -> None:
        self.models = models
        if isinstance(align, str) and align not in ALIGNERS and align != "hybrid":
            raise UsageError(f"unknown aligner {align!r}; there are hybrid, {', '.join(ALIGNERS)}")
        self._align_options = align
        self.translate_options = translate or TranslateOptions()
        self.encode_options = encode or EncodeOptions()
        self.stream_options = stream or StreamOptions()
        self.stats = Stats()

    @property
    def align_options(self) -> AlignOptions:
        """What words are aligned by: what was given, else what the bundle was tuned to."""
        if self._align_options is None or self._align_options == "hybrid":
            return self.models.align_options
        return self._align_options if isinstance(self._align_options, AlignOptions) else ALIGNERS[self._align_options]

    @classmethod
    def from_bundle(
        cls,
        name: str = "mini",
        *,
        device: str = "auto",
        threads: int | None = None,
        align: AlignOptions | str | None = None,
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
        system: str | None = None,
        options: SystemOptions = None,
        on_error: OnError = "raise",
    ) -> Iterator[Projection]:
        """Label text of a language without labelled data: translate, label, align, match, project back.

        ``texts`` are strings or sentences (those with words keep them); ``lang`` and ``pivot`` are language codes.
        ``system`` None is `calibrated` where the bundle holds a calibration, else `ngram`.
        Yields one `Projection` per record, in order. A record that cannot be processed raises its error at its
        place, or, with ``on_error="return"``, yields the `RecordError` instead and goes on.

        Raises LanguageError for an unknown code and UsageError for an unknown system.
        """
        return results(self.stream_label(texts, lang=lang, pivot=pivot, system=system, options=options), on_error)

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
        return results(self.stream_project(pairs, system=system, options=options, aligned=aligned), on_error)

    def align(self, pairs: Iterable[Pair], *, on_error: OnError = "raise") -> Iterator[Alignment]:
        """Align the words of each pair. Order and errors as in `label`."""
        return results(self.stream_align(pairs), on_error)

    def alabel(
        self,
        texts: Iterable[str | Sentence] | AsyncIterable[str | Sentence],
        *,
        lang: str,
        pivot: str = "eng_Latn",
        system: str | None = None,
        options: SystemOptions = None,
        on_error: OnError = "raise",
    ) -> AsyncIterator[Projection]:
        """As `label`, for ``async for``; ``texts`` may be asynchronous too."""
        lang, pivot = resolve(lang), resolve(pivot)
        groups = self._planner.label(lang, pivot, self._labelling_system(system, options))
        return aresults(self._arun(texts, lambda text: target_of(text, lang), groups), on_error)

    def aproject(
        self,
        pairs: Iterable[Pair] | AsyncIterable[Pair],
        *,
        system: str = "ngram",
        options: SystemOptions = None,
        aligned: bool = False,
        on_error: OnError = "raise",
    ) -> AsyncIterator[Projection]:
        """As `project`, for ``async for``."""
        groups = self._planner.project(self._system(system, options), aligned=aligned)
        return aresults(self._arun(pairs, work_of, groups), on_error)

    def stream_label(
        self,
        texts: Iterable[str | Sentence | Failed],
        *,
        lang: str,
        pivot: str = "eng_Latn",
        system: str | None = None,
        options: SystemOptions = None,
        skip: int = 0,
    ) -> Iterator[Outcome]:
        """As `label`, yielding outcomes; records already failed pass through at their place.

        ``skip`` leaves out the first records, handed over by a run before.
        """
        lang, pivot = resolve(lang), resolve(pivot)
        groups = self._planner.label(lang, pivot, self._labelling_system(system, options))
        return self._run((target_of(text, lang) for text in texts), groups, skip)

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
        groups = self._planner.project(self._system(system, options), aligned=aligned)
        return self._run(map(work_of, pairs), groups, skip)

    def stream_align(self, pairs: Iterable[Pair | Failed], *, skip: int = 0) -> Iterator[Outcome]:
        """As `align`, yielding outcomes; ``skip`` as in `stream_label`."""
        return self._run(map(work_of, pairs), self._planner.align(), skip)

    def tools(self, *, translated: bool = False) -> Tools:
        """What systems may use of this engine; ``translated`` as in `Tools`."""
        return Tools(self.models, lambda: self.align_options, self.encode_options, translated=translated)

    @property
    def _planner(self) -> Planner:
        return Planner(
            self.models, lambda: self.align_options, self.translate_options, self.encode_options, self.stream_options
        )

    def _labelling_system(self, name: str | None, options: SystemOptions) -> System:
        chosen = name or ("ngram" if self.models.calibration() is None else "calibrated")
        return self._system(chosen, options, translated=True)

    def _system(self, name: str, options: SystemOptions, *, translated: bool = False) -> System:
        """The system, with the translator already there if it needs one: better no start than a late end."""
        system = make_system(name, options, self.tools(translated=translated))
        if "translator" in system.needs:
            self.models.translator()
        return system

    def _run(self, records: Iterable[Any], groups: Sequence[Group], skip: int) -> Iterator[Outcome]:
        self.stats = Stats()
        if self.stream_options.resident == "one" and len(groups) > 1:
            staged = [StageGroup(group.part, self._opener(group)) for group in groups]
            return run_staged(records, staged, self.stream_options, stats=self.stats, skip=skip)
        stages = [stage for group in groups for stage in group.stages()]
        return run_stages(records, stages, self.stream_options, stats=self.stats, skip=skip)

    def _arun(
        self, records: Any, prepare: Callable[[Any], Work | Failed], groups: Sequence[Group]
    ) -> AsyncIterator[Outcome]:
        if self.stream_options.resident == "one":
            raise UsageError("asynchronous streams keep all models resident; use the synchronous call")
        self.stats = Stats()
        stages = [stage for group in groups for stage in group.stages()]
        ready = amap(prepare, records) if isinstance(records, AsyncIterable) else map(prepare, records)
        return arun_stages(ready, stages, self.stream_options, stats=self.stats)

    def _opener(self, group: Group) -> Callable[[], AbstractContextManager[Sequence[Stage]]]:
        @contextmanager
        def opened() -> Iterator[Sequence[Stage]]:
            try:
                yield group.stages()
            finally:
                self.models.release(group.part)

        return opened
