"""Trains a task and scores it: as `spanport.train` does, but for the bundle, with what tasks share made once."""

from __future__ import annotations

import shutil
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from spanport.encoding.label import label_spans
from spanport.languages import resolve
from spanport.training.card import figure
from spanport.training.inputs import Notes
from spanport.training.lessons import LessonOptions, tags_of
from spanport.training.material import bare, build_material, carries
from spanport.training.projecting import Projector
from spanport.training.request import Data, Order, kinds_of
from spanport.types import Sentence
from spanport_models import assemble_pipeline
from spanport_models.registry import find_model
from spanport_models.training import Network, Trainer, TrainOptions, export_tagger
from spanport_models.training.options import Material
from spanport_models.training.run import Plan, Run
from spanport_models.training.trainer import computes_bfloat16, training_process
from training_tables.inputs import Inputs, base_name
from training_tables.methods import method_of
from training_tables.results import Row
from training_tables.tasks import Task


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
        work = self.work / f"{task.table}-{task.language}-{task.name}-{seed}".replace(" ", "-").replace(":", "")
        base = self.bases[task.base]
        tags, material = self._taught(task)
        options = TrainOptions(seeds=(seed,), freeze=3, longest=160, save_seconds=30)
        if task.method:
            method = method_of(task.method, task.options)
            epochs = task.words / sum(method.fits(material).values())
            work.mkdir(parents=True, exist_ok=True)
            width = msgspec.json.decode((base / "config.json").read_bytes())["hidden_size"]
            plan = Plan(epochs, 5e-5 * (768 / width) ** 2, computes_bfloat16())
            (work / "plan.json").write_bytes(msgspec.json.encode(plan))
            trainer = Trainer(base, method, material, options, work, _say)
            network, run = trainer.train(seed)
        else:
            run = Run(base, tags, options, Plan(1, 1, computes_bfloat16()), seed, work, _say)
            network = run.network()
        f1 = {name: self._score(network, run, name) for name in task.tests}
        row = Row(
            task.table, task.name, task.language, seed, f1, task.words, round(run.seconds / 60, 2), base_name(base)
        )
        if task.table == "english":
            self._keep(network)
        shutil.rmtree(work, ignore_errors=True)
        print(f"{row} ({(time.process_time() - started) / 60:.1f} minutes in all)", flush=True)
        return row

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
        bundle = self.bundle if base == "mini" else str(self.work / "english.bundle")
        lang = resolve("en" if language == "all" else language)
        if data.startswith("native/"):
            lang = resolve(data.partition("/")[2])
        notes = Notes(_say)
        order = Order(lang=lang, out="", bundle=bundle, base=str(self.bases[base]), **self.inputs.given(data))
        read = Data(order, notes)
        return read, Projector(order, read, notes, _say)

    @training_process()
    def _score(self, network: Network, run: Run, name: str) -> tuple[float, float, float]:
        gold, ignored = self.inputs.test(name)
        views = run.predict(network, [bare(one, len(network.labels)) for one in gold])
        named: list[Sentence] = [
            msgspec.structs.replace(one, spans=label_spans(one.words, view, network.labels))
            for one, view in zip(gold, views, strict=True)
        ]
        found = figure(gold, named, ignored)
        return round(found.f1, 4), round(found.low, 4), round(found.high, 4)

    def _keep(self, network: Network) -> None:
        """The English tagger as a base, and as a bundle that labels and aligns by the aligner of `bundle`."""
        parts = self.work / "english.parts"
        proof = [" ".join(one.word_texts()) for one in self.inputs.english(30)]
        export_tagger(network, parts, name="english", languages=["eng_Latn"], licence="", proof=proof, say=_say)
        self.bases["english"].parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(parts / "huggingface", self.bases["english"], dirs_exist_ok=True)
        bundle = self.work / "english.bundle"
        shutil.rmtree(bundle, ignore_errors=True)
        given = Path(self.bundle) if Path(self.bundle).is_dir() else find_model(self.bundle)
        assemble_pipeline(
            bundle,
            name="english",
            encoder=parts / "encoder",
            aligner=given / "encoder",
            lexicon=given / "lexicon.npz",
            calibration=given / "calibration.json",
        )


class _Needs:
    """What a method asks of its material."""

    def __init__(self, needs: frozenset[Any], soft: bool) -> None:
        self.needs, self.soft = needs, soft


def _say(line: str) -> None:
    print(line, flush=True)
