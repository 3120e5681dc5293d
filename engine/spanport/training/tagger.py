"""`spanport.train`: from text to a tagger."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from spanport.api import Engine
from spanport.errors import ModelError, UsageError
from spanport.languages import resolve
from spanport.options import StreamOptions
from spanport.training.card import Figure, Report, card, figure
from spanport.training.checks import labels_to_learn
from spanport.training.inputs import Notes, Set, Text, checked, require_extra
from spanport.training.lessons import LessonOptions, tags_of
from spanport.training.material import build_material, carries
from spanport.training.projecting import Projector
from spanport.training.request import Data, Order, Select, claim
from spanport.training.scoring import labelled_by
from spanport.types import Sentence

if TYPE_CHECKING:
    from spanport_models.training import TrainOptions

Say = Callable[[str], None]
LICENCE = "as its base and its data"


class Tagger(NamedTuple):
    """A trained tagger: `folder` is a bundle for `Engine.from_bundle` (system `model-transfer`), `huggingface`
    the same network for transformers, `report` what is in `train.json`."""

    folder: Path
    huggingface: Path
    report: Report


def train(
    *,
    lang: str,
    out: str | Path,
    labelled: Sequence[Text] = (),
    text: Text | None = None,
    parallel: Sequence[str] = (),
    projected: Text | None = None,
    method: str = "self",
    base: str | Path = "",
    bundle: str | Path = "mini",
    source_lang: str = "eng_Latn",
    drop_labels: Sequence[str] = (),
    dev: Text | None = None,
    test: Text | None = None,
    select: Select = "",
    fresh: bool = False,
    method_options: Mapping[str, Any] | None = None,
    lessons: LessonOptions | None = None,
    options: TrainOptions | None = None,
    progress: Say | None = None,
) -> Tagger:
    """Train a tagger for a language, with or without labelled data in it.

    Args:
        lang: Language of the tagger; with it codes as `spanport.languages.resolve` takes them.
        out: Folder of the result; checkpoints are in `OUT.work` until it is there, and a stopped run goes on.
        labelled: Labelled files of other languages, `FILE` or `FILE:LANG` (or sentences), one source each.
        text: Text of the language, a file or sentences.
        parallel: Source file, target file and, if there is one, Pharaoh file of links.
        projected: A target file that already has labels, with confidences where it is JSONL.
        method: One of `method_names`.
        base: Hugging Face folder or name to start from, or a bundle that carries or names one; default the bundle.
        bundle: What translates, labels and aligns where labels are carried over.
        source_lang: Language of the source of `parallel`; default English.
        drop_labels: Labels that the tagger is not to know: their words are O. Gold labels of these are ignored.
        dev, test: Gold files of the language; they are scored, and nothing else is done with them.
        select: `target-dev` keeps the seed that is best on `dev`; the card says so. Otherwise the first is kept.
        fresh: Start over instead of going on, and replace a result of another run.
        method_options, lessons, options: See the method, `LessonOptions` and `TrainOptions`.
        progress: Told in words what is going on.

    Raises:
        UsageError: an input or an option does not fit; LengthMismatchError: parallel files of different lengths;
        ModelError: the base or the bundle cannot be used; DeviceError: too little memory; RuntimeMissingError: the
        extra `train` is not installed. All of these come before the work begins.
    """
    require_extra()
    from spanport_models.training import TrainOptions

    order = Order(
        lang=resolve(lang), out=str(out), labelled=tuple(labelled), text=text, parallel=tuple(parallel),
        projected=projected, method=method, base=str(base) or str(bundle), bundle=str(bundle),
        source_lang=resolve(source_lang), drop_labels=tuple(drop_labels), dev=dev, test=test, select=select,
        fresh=fresh, method_options=dict(method_options or {}), lessons=lessons or LessonOptions(),
        options=checked(options or TrainOptions()),
    )  # fmt: skip
    job = _Training(order, progress or (lambda line: None))
    return job.result() or job.run()


class _Training:
    def __init__(self, order: Order, say: Say) -> None:
        from spanport_models.training import check_base, find_base, make_method

        self.order, self.options, self.say = order, order.options, say
        self.notes = Notes(self.say)
        self.out, self.work = Path(order.out), Path(order.out + ".work")
        try:
            self.method = make_method(order.method, order.method_options)
        except ModelError as error:
            raise UsageError(str(error)) from error
        self.base = find_base(order.base)
        self.data = Data(order, self.notes)
        self.data.require(self.method.needs)
        self.projector = Projector(order, self.data, self.notes, say)
        carried = self.projector.kinds if carries(self.method, self.data) else None
        self.tags = tags_of(labels_to_learn(order, self.data, carried, self.notes))
        self.report = self._report()
        check_base(self.base, self.tags, order.options)

    def result(self) -> Tagger | None:
        """What an earlier run of the same request made, if it is there."""
        from spanport_models.training import HUGGING_FACE, REPORT

        path = self.out / REPORT
        if self.order.fresh or not self.out.exists():
            return None
        if path.is_file():
            report = msgspec.json.decode(path.read_bytes(), type=Report)
            if report.request == self.report.request:
                shutil.rmtree(self.work, ignore_errors=True)
                self.say(f"{self.out} already holds this tagger; nothing to do")
                return Tagger(self.out, self.out / HUGGING_FACE, report)
        raise UsageError(f"{self.out} already exists and is not this tagger; choose another name, or pass --fresh")

    def run(self) -> Tagger:
        """Label, train, export, score."""
        from spanport_models.training import HUGGING_FACE, Trainer

        if self.order.fresh:
            shutil.rmtree(self.work, ignore_errors=True)
        claim(self.work, self.report.request)
        material = build_material(self.data, self.projector, self.method, self.tags, self.work)
        trainer = Trainer(self.base, self.method, material, self.options, self.work, self.say)
        self.report.plan = msgspec.to_builtins(trainer.plan)
        best = -1.0
        for seed in self.options.seeds:
            network, run = trainer.train(seed)
            scores = {
                name: self._score(gold, partial(labelled_by, network, run)) for name, gold in self.data.gold.items()
            }
            self.report.seconds[str(seed)] = run.seconds
            self.report.figures[str(seed)] = scores
            value = scores["dev"].f1 if self.order.select == "target-dev" else 0.0
            if value > best:
                best, kept = value, network
                self.report.seed, self.report.curves = seed, run.curves
        self._publish(kept)
        shutil.rmtree(self.work)
        return Tagger(self.out, self.out / HUGGING_FACE, self.report)

    def _score(self, gold: Set, predict: Callable[[list[Sentence]], list[Sentence]]) -> Figure:
        found = figure(gold.sentences, predict(gold.sentences), frozenset(self.order.drop_labels))
        self.say(f"{gold.name}: F1 {found.f1:.3f} ({found.low:.3f} to {found.high:.3f})")
        return found

    def _publish(self, network: Any) -> None:
        from spanport_models import assemble_pipeline
        from spanport_models.training import export_tagger, publish_tagger, tagger_digest

        parts, name = self.work / "export", self.out.name
        targets = self.data.targets or [sentence for one in self.data.sets for sentence in one.sentences]
        proof = [" ".join(one.word_texts()) for one in targets[:30]]
        made = export_tagger(
            network, parts, name=name, languages=[self.order.lang], licence=LICENCE, proof=proof, say=self.say
        )
        report = self.report
        report.label_agreement, report.worst_cosine = made.label_agreement, made.worst_cosine
        report.digest = tagger_digest(parts)
        trial = self.work / "bundle"
        shutil.rmtree(trial, ignore_errors=True)
        assemble_pipeline(trial, name=name, encoder=parts / "encoder")
        for gold_name, gold in self.data.gold.items():
            report.exported[gold_name] = self._score(gold, partial(_by_bundle, trial))
        told = card(report, LICENCE), msgspec.json.encode(report)
        publish_tagger(parts, self.out, *told, name=name, overwrite=self.order.fresh)

    def _report(self) -> Report:
        from spanport_models.bundle import sha256_of

        order = self.order
        lasting = msgspec.structs.replace(self.options, save_seconds=0.0)
        files = {path.name: sha256_of(path) for path in sorted(self.base.iterdir()) if path.is_file()}
        told: tuple[Any, ...] = (
            order.method,
            self.method.settings,
            lasting,
            order.lessons,
            order.lang,
            order.source_lang,
        )
        told += (order.select, version("torch"))
        return Report(
            method=order.method,
            method_options=msgspec.to_builtins(self.method.settings),
            options=msgspec.to_builtins(lasting),
            lessons=msgspec.to_builtins(order.lessons),
            language=order.lang,
            labels=self.tags,
            base=Path(order.base).name,
            bundle=Path(order.bundle).name,
            inputs=self.data.inputs,
            notes=self.notes.lines,
            select=order.select,
            request=self.data.digest(told, self.tags, files, self.projector.engine.models.digest),
        )


def _by_bundle(bundle: Path, sentences: list[Sentence]) -> list[Sentence]:
    bare = [msgspec.structs.replace(one, spans=()) for one in sentences]
    lang = sentences[0].language
    with Engine.from_bundle(str(bundle), device="cpu", threads=1, stream=StreamOptions(linger=None)) as engine:
        return [found.labelled() for found in engine.label(bare, lang=lang, system="model-transfer")]
