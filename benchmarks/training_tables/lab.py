"""Trains a task and scores it: as `spanport.train` does, but for the bundle, with what tasks share made once."""

from __future__ import annotations

import shutil
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from spanport.api import Engine
from spanport.languages import resolve
from spanport.options import StreamOptions
from spanport.training import tune
from spanport.training.card import Figure, figure
from spanport.training.inputs import Notes
from spanport.training.lessons import LessonOptions, tags_of
from spanport.training.material import build_material, carries
from spanport.training.projecting import Projector
from spanport.training.request import Data, Order, kinds_of
from spanport.training.scoring import labelled_by
from spanport_models import assemble_pipeline
from spanport_models.manifest import PipelineManifest, read_manifest
from spanport_models.registry import find_model
from spanport_models.training import Network, Trainer, TrainOptions, TuneOptions, export_tagger
from spanport_models.training.options import Material
from spanport_models.training.run import Plan, Run, default_rate
from spanport_models.training.trainer import computes_bfloat16, training_process
from training_tables.inputs import Inputs, base_name
from training_tables.methods import method_of
from training_tables.results import Row
from training_tables.tasks import Task

TUNED = 0.5
"""Epochs of an aligner on the parallel text of a language."""
READ = ["deu_Latn", "eng_Latn", "spa_Latn"]
"""Languages in which the view of the English tagger counts: its encoder has read them."""


class Lab:
    """Where tasks are trained.

    Args:
        inputs: The data.
        bases: Folder of each base; `english` is made by the task of that name.
        bundle: What labels and aligns: as it is for tasks from `mini`, and as the aligner alone for others.
        work: Folder of checkpoints.
    """

    def __init__(self, inputs: Inputs, bases: dict[str, Path], bundle: str, work: Path) -> None:
        self.inputs, self.bases, self.bundle, self.work = inputs, bases, bundle, work
        self._shared = lru_cache(maxsize=1)(self._share)
        self._material = lru_cache(maxsize=1)(self._build)

    def run(self, task: Task, seed: int) -> Row:
        """The figures of a task; a stopped one goes on."""
        started = time.process_time()
        if task.method.startswith("label:"):
            return self._labelled(task, seed)
        work = self.work / f"{task.table}-{task.language}-{task.name}-{seed}".replace(" ", "-").replace(":", "")
        base = self.bases[task.base]
        tags, material = self._taught(task)
        tokens = 1024 if task.table == "english" else 512  # a network that tags already learns more from more steps
        options = TrainOptions(seeds=(seed,), freeze=3, longest=160, batch_tokens=tokens, save_seconds=30)
        if task.method:
            method = method_of(task.method, task.options)
            epochs = task.words / sum(method.fits(material).values())
            work.mkdir(parents=True, exist_ok=True)
            plan = Plan(epochs, default_rate(base, tags), computes_bfloat16())
            (work / "plan.json").write_bytes(msgspec.json.encode(plan))
            trainer = Trainer(base, method, material, options, work, _say)
            network, run = self._mixed(task, trainer, seed) if task.method == "multi" else trainer.train(seed)
        else:
            run = Run(base, tags, options, Plan(1, 1, computes_bfloat16()), seed, work, _say)
            network = run.network()
        found = {name: self._score(network, run, name) for name in task.tests}
        row = self._row(task, seed, found, run.seconds)
        if task.table == "english":
            self._keep(network)
        shutil.rmtree(work, ignore_errors=True)
        print(f"{row} ({(time.process_time() - started) / 60:.1f} minutes in all)", flush=True)
        return row

    @training_process()
    def _mixed(self, task: Task, trainer: Trainer, seed: int) -> tuple[Network, Run]:
        """A student of one teacher for each source; teachers that an earlier row made are not made again."""
        own = trainer.run(seed)
        teachers = self.work / f"teachers-{task.language}-{seed}"
        shared = Run(own.base, own.labels, own.options, own.plan, seed, teachers, own.say)
        student = shared.beneath("student", "teacher-")
        shutil.rmtree(student.folder)
        student.folder.mkdir()
        return trainer.method.train(trainer.material, student), shared

    def _row(self, task: Task, seed: int, found: dict[str, Figure], seconds: float, speed: float = 0.0) -> Row:
        f1 = {name: (round(one.f1, 4), round(one.low, 4), round(one.high, 4)) for name, one in found.items()}
        recall = {name: round(one.recall, 4) for name, one in found.items()}
        return Row(
            task.table, task.name, task.language, seed, f1, task.words, round(seconds / 60, 2),
            base_name(self.bases[task.base]), recall, round(speed, 1),
        )  # fmt: skip

    def _labelled(self, task: Task, seed: int) -> Row:
        """F1 of `label` with a system, its own bundle's models in int8, and the sentences of a CPU second."""
        system, found, count, seconds = task.method.partition(":")[2], {}, 0, 0.0
        bundle = self._bundle(task.data, task.base)
        with Engine.from_bundle(bundle, device="cpu", threads=1, stream=StreamOptions(linger=None)) as engine:
            for name in task.tests:
                gold, ignored = self.inputs.test(name)
                texts, lang = [replace(one, spans=()) for one in gold], resolve(name.rpartition("/")[2])
                list(engine.label(texts[:20], lang=lang, system=system))  # the models are loaded
                start = time.process_time()
                labelled = [one.labelled() for one in engine.label(texts, lang=lang, system=system)]
                seconds += time.process_time() - start
                count += len(texts)
                found[name] = figure(gold, labelled, ignored)
        return self._row(task, seed, found, 0.0, count / seconds)

    def _taught(self, task: Task) -> tuple[tuple[str, ...], Material]:
        lessons = tuple(sorted(task.lessons.items()))
        method = method_of(task.method or "direct", task.options)
        return self._material(task.data, task.base, task.language, method.needs, method.soft, lessons)

    def _build(
        self, data: str, base: str, language: str, needs: frozenset[Any], soft: bool, lessons: Any
    ) -> tuple[tuple[str, ...], Material]:
        read, projector = self._shared(data, base, language)
        projector.options = LessonOptions(**dict(lessons))
        method = _Needs(needs, soft)
        kinds = {kind for one in read.sets for kind in kinds_of(one)}
        if carries(method, read):  # type: ignore[arg-type]
            kinds |= projector.kinds
        tags = tags_of(sorted(kinds - set(read.order.drop_labels)))
        kept = self.work / "examples"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        return tags, build_material(read, projector, method, tags, kept)  # type: ignore[arg-type]

    def _share(self, data: str, base: str, language: str) -> tuple[Data, Projector]:
        lang = resolve("en" if language == "all" else language)
        if data.startswith("native/"):
            lang = resolve(data.partition("/")[2])
        notes = Notes(_say)
        given = self.inputs.given(data)
        order = Order(lang=lang, out="", bundle=self._bundle(data, base), base=str(self.bases[base]), **given)
        read = Data(order, notes)
        return read, Projector(order, read, notes, _say)

    @training_process()
    def _score(self, network: Network, run: Run, name: str) -> Figure:
        gold, ignored = self.inputs.test(name)
        return figure(gold, labelled_by(network, run, gold), ignored)

    def _keep(self, network: Network) -> None:
        """The English tagger as a base, and as parts of bundles."""
        parts = self.work / "english.parts"
        proof = [" ".join(one.word_texts()) for one in self.inputs.english(30)]
        export_tagger(network, parts, name="english", languages=READ, licence="", proof=proof, say=_say)
        self.bases["english"].parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(parts / "huggingface", self.bases["english"], dirs_exist_ok=True)

    def _bundle(self, data: str, base: str) -> str:
        """What labels and aligns: by the base itself, and by `mini`'s aligner, tuned where asked for."""
        kind, _, rest = data.partition("/")
        code, _, more = rest.partition("+")
        given = self._tuned(code) if more == "tuned" else _folder(self.bundle)
        if base != "english" or kind not in ("native", "lafand"):
            return str(given)
        out, manifest = self.work / "english.bundle", read_manifest(given)
        if out.exists():
            return str(out)
        if not isinstance(manifest, PipelineManifest):
            raise TypeError(f"{given} is no pipeline")
        parts = {str(role): given / place for role, place in manifest.components.items()}
        parts.setdefault("aligner", parts["encoder"])
        parts["encoder"] = self.work / "english.parts" / "encoder"
        return str(assemble_pipeline(out, name="english", mixture=manifest.mixture, **parts))

    def _tuned(self, code: str) -> Path:
        """The bundle with its aligner tuned on the language's parallel text; made once."""
        started = time.process_time()
        found = tune(
            parallel=self.inputs.lafand(code),
            lang=code,
            out=self.work / f"tuned-{code}",
            base=self.bases["mini"],
            bundle=self.bundle,
            options=TuneOptions(epochs=TUNED, freeze=3),
            progress=_say,
        )
        _say(f"aligner of {code}: {(time.process_time() - started) / 60:.1f} minutes")
        return found.folder


class _Needs:
    """What a method asks of its material."""

    def __init__(self, needs: frozenset[Any], soft: bool) -> None:
        self.needs, self.soft = needs, soft


def _folder(bundle: str) -> Path:
    return Path(bundle) if Path(bundle).is_dir() else find_model(bundle)


def _say(line: str) -> None:
    print(line, flush=True)
