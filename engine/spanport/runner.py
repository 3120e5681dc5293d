"""From a bundle and options to jobs, and from the record of a job to its outcomes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import msgspec

from spanport.errors import UsageError
from spanport.job import Files, Job, Task
from spanport.languages import resolve
from spanport.models import Models
from spanport.options import ALIGNERS, AlignOptions, EncodeOptions, StreamOptions, TranslateOptions
from spanport.steps import PARTS, check, steps
from spanport.stream import Outcome, Stage, Stats, arun_stages, run_stages
from spanport.stream.stage import nothing
from spanport.systems.base import System, make_system, system_settings
from spanport.systems.tools import Tools
from spanport.work import target_of, work_of

log = logging.getLogger(__name__)

Options = msgspec.Struct | dict[str, Any] | None
"""Options of a system as callers give them; None for its defaults."""


class Runner:
    """Makes the records of jobs and runs them; see `spanport.Engine`, which is one with calls for Python."""

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
        self._last: tuple[Any, Job | None] = (None, None)

    def align_options(self, task: Task) -> AlignOptions:
        """What words are aligned by: what was given, else what the bundle was tuned to for the task."""
        given = self._align_options
        if given is None or given == "hybrid":
            return self.models.align_options(projects=task == "project")
        return given if isinstance(given, AlignOptions) else ALIGNERS[given]

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
        models.check()
        return cls(models, align=align, translate=translate, encode=encode, stream=stream)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.models.name!r} on {self.models.device}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the models go."""
        self.models.release()

    def job(
        self,
        task: Task,
        *,
        language: str = "",
        pivot: str = "",
        system: str | System | None = None,
        options: Options = None,
        aligned: bool = False,
        label_source: bool = False,
        files: Files | None = None,
    ) -> Job:
        """The record of a job of this engine, checked; no model is loaded.

        ``system`` None is `calibrated` for texts to label where the bundle holds a calibration, else `ngram`; one
        that is made already is to be passed to `run` too.

        Raises LanguageError for a code that is unknown, or that the bundle does not translate, UsageError for a
        system that is unknown or does not fit the task.
        """
        options_of_all = (self.align_options(task), self.translate_options, self.encode_options, self.stream_options)
        asked = (task, language, pivot, system, repr(options), aligned, label_source, files, options_of_all)
        if asked == self._last[0] and self._last[1]:
            return self._last[1]
        name = ""
        if isinstance(system, str | None) and task != "align":
            name = system or ("calibrated" if task == "label" and self.models.calibration() is not None else "ngram")
        job = Job(
            task=task,
            language=resolve(language) if language else "",
            pivot=resolve(pivot) if pivot else "",
            system=name,
            settings=system_settings(name, options) if name else getattr(system, "settings", None),
            aligned=aligned,
            label_source=label_source,
            align=self.align_options(task),
            translate=self.translate_options,
            encode=self.encode_options,
            stream=self.stream_options,
            bundle=self.models.name,
            models=self.models.digest,
            version=version("spanport"),
            files=files or Files(),
        )
        made = self._system(job) if isinstance(system, str | None) else system
        if check(job, made, steps(job, made, self.models), self.models):
            job = msgspec.structs.replace(job, device=self.models.granted_device)
        self._last = asked, job
        return job

    def run(
        self,
        job: Job,
        records: Iterable[Any],
        *,
        system: System | None = None,
        skip: int = 0,
        waiting: Callable[[], object] = nothing,
    ) -> Iterator[Outcome]:
        """The outcomes of a job's records: sentences or strings to label, pairs for the other tasks, in order.

        A `Failed` among the records passes through at its place. ``system`` is what `job` was given, if it was made
        already. ``skip`` leaves out the first records, handed over by a run before; ``waiting`` is called now and
        then while there is nothing to hand over.
        """
        self.stats = Stats()
        return run_stages(
            map(_preparation(job), records),
            self._stages(job, system),
            job.stream,
            stats=self.stats,
            skip=skip,
            waiting=waiting,
            release=lambda part: self.models.release(*PARTS[part]),
            at_hand=len(records) if isinstance(records, list | tuple) else 0,
        )

    def arun(self, job: Job, records: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Outcome]:
        """As `run`, for ``async for``."""
        self.stats, prepare = Stats(), _preparation(job)
        ready = _amap(prepare, records) if isinstance(records, AsyncIterable) else map(prepare, records)
        return arun_stages(ready, self._stages(job, None), job.stream, stats=self.stats)

    def _stages(self, job: Job, system: System | None) -> list[Stage]:
        """The job's stages, with the translator already there if its system needs one: no late end."""
        system = system or self._system(job)
        if system and "translator" in system.needs:
            self.models.translator()
        stages = steps(job, system, self.models)
        log.info("%s: %s", job, ", ".join([stage.name for stage in stages]))
        return stages

    def _system(self, job: Job) -> System | None:
        if not job.system:
            return None
        return make_system(job.system, job.settings, self.tools(translated=job.task == "label"))

    def tools(self, *, translated: bool = False) -> Tools:
        """What systems may use of this engine; ``translated`` as in `Tools`."""
        return Tools(self.models, lambda: self.align_options("project"), self.encode_options, translated=translated)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("stats", "_last")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, stats=Stats(), _last=(None, None))


def _preparation(job: Job) -> Callable[[Any], Any]:
    """What makes a record of a job of what callers give."""
    return (lambda text: target_of(text, job.language)) if job.task == "label" else work_of


async def _amap(prepare: Callable[[Any], Any], records: AsyncIterable[Any]) -> AsyncIterator[Any]:
    async for record in records:
        yield prepare(record)
