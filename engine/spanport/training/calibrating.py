"""`spanport.training.calibrate`: a bundle that knows how likely each of its spans is right, from labelled text."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from spanport.api import Engine
from spanport.compare import DataSet, collect_works, find_sets, load_set
from spanport.errors import UsageError
from spanport.evaluate import count_entities
from spanport.matching.batch import PairBatch
from spanport.options import StreamOptions
from spanport.systems import make_system
from spanport.systems.base import run_system
from spanport.systems.calibrated.evidence import Evidence
from spanport.systems.calibrated.names import NAMES
from spanport.systems.calibrated.regression import Calibration, Logistic, fit_logistic
from spanport.systems.calibrated.system import Scored, languages, select, weigh
from spanport.work import Work

if TYPE_CHECKING:
    from spanport_models import PipelineBundle

Say = Callable[[str], None]
LEAST = 100
"""Gold entities without which there is nothing to fit on."""

TAUS = np.arange(0.1, 0.61, 0.025)


class CalibrationReport(msgspec.Struct, kw_only=True):
    """What a calibration was made of, and F1 there: of `ngram`, and of `calibrated`, each half by the other's fit."""

    fitted: str
    sentences: int
    entities: int
    ngram: float
    calibrated: float


class Examples(NamedTuple):
    """Candidates of a data set: which are gold, and which have a label that its gold standard knows."""

    data: DataSet
    names: tuple[str, ...]
    batch: PairBatch
    evidence: Evidence
    right: npt.NDArray[np.float64]
    known: npt.NDArray[np.bool_]


class Views(NamedTuple):
    """Data sets with the records that systems see of them: with sources that were given, and with translations."""

    given: list[tuple[DataSet, list[Work]]]
    translated: list[tuple[DataSet, list[Work]]]


def calibrate(
    *,
    data: str,
    lang: Sequence[str],
    out: str | Path,
    bundle: str = "mini",
    source: str | None = None,
    alignments: str | None = None,
    input_format: str | None = None,
    limit: int = 0,
    threads: int | None = None,
    fresh: bool = False,
    progress: Say | None = None,
) -> CalibrationReport:
    """Fit the `calibrated` system to a bundle, on labelled text that none of its models was trained on.

    The text is translated and its translation labelled, as `spanport label` does; with sources their labels are those
    that the bundle's classifier finds, and both ways are fitted.

    Args:
        data: Labelled file, or folder of several languages; ``{lang}`` stands in.
        lang: Languages of the data.
        out: Folder of the result: the bundle with its calibration replaced.
        bundle: What is calibrated.
        source: File of sources, line by line; ``{lang}`` stands in. A bundle that does not translate needs it.
        alignments: Pharaoh file source-target of these pairs; default: the bundle's own links.
        input_format: Format of ``data`` where its ending is no help.
        limit: Only the first sentences of each file; 0 is all.
        threads: Batches worked on at once.
        fresh: Replace a bundle that is there.
        progress: Told in words what is going on.

    Raises:
        UsageError: The data has fewer than `LEAST` entities, or the classifier finds none of them.
        LanguageError: The bundle does not translate a language.
        ModelError: There is no such bundle, or a folder is there already.
    """
    say = progress or (lambda line: None)
    if Path(out).exists() and not fresh:
        raise UsageError(f"{out} is there already; name another folder, or pass --fresh to replace it")
    files = find_sets(data, lang, "dev")
    how: dict[str, Any] = {"input_format": input_format, "limit": limit}
    sets = [_load(code, path, source, alignments, **how) for code, path in files]
    with Engine.from_bundle(bundle, threads=threads, stream=StreamOptions(linger=None)) as engine:
        opened, tags = engine.models.bundle, engine.models.encoder().labels
        views = read_views(engine, sets, translates="translator" in opened.manifest.components, say=say)
    made = fit(views, tags, say)
    _save(opened, made, Path(out), replace=fresh)
    return CalibrationReport(
        fitted=made.fitted,
        sentences=sum(len(one.gold) for one in sets),
        entities=sum(len(gold.spans) for one in sets for gold in one.gold),
        ngram=_ngram(views.translated or views.given),
        calibrated=held_out(views, tags),
    )


def _save(opened: PipelineBundle, calibration: Calibration, out: Path, *, replace: bool) -> None:
    """The bundle with this calibration, as a bundle of its own."""
    from spanport_models import assemble_pipeline

    manifest = opened.manifest
    parts: dict[str, Any] = {role: opened.path / place for role, place in manifest.components.items()}
    parts |= {"name": out.name, "mixture": opened.mixture, "pivot": manifest.pivot}
    with tempfile.TemporaryDirectory() as folder:
        parts["calibration"] = Path(folder) / "calibration.json"
        parts["calibration"].write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=1) + b"\n")
        assemble_pipeline(out, replace=replace, **parts)


def fit(views: Views, tags: Sequence[str], say: Say) -> Calibration:
    """The regressions over these records; ``tags`` are the names of the columns of their probabilities.

    Where no sources were given, those of the translations serve for given sources too.
    """
    given = views.given or views.translated
    models = {
        "links": _fitted("links alone", _examples(given, None), say),
        "view": _fitted("links and view", _examples(given, tags), say),
    }
    if views.translated:
        models["translated"] = _fitted("translations", _examples(views.translated, tags, translated=True), say)
    named = ", ".join(f"{data.title} ({len(data.gold):,} sentences)" for data, _ in given)
    return Calibration(named, **models)


def held_out(views: Views, tags: Sequence[str]) -> float:
    """F1 of the calibrated system where each half of the sentences is judged by the regression of the other."""
    sets, translated = views.translated or views.given, bool(views.translated)
    halves = [
        _examples([(data._replace(gold=data.gold[i::2]), works[i::2]) for data, works in sets], tags, translated)
        for i in (0, 1)
    ]
    quiet: Say = lambda line: None  # noqa: E731
    return _f1(sum(_counts(_fitted("", halves[1 - i], quiet), halves[i]) for i in (0, 1)))


def read_views(engine: Engine, sets: Sequence[DataSet], *, translates: bool, say: Say) -> Views:
    """What the engine's models make of data sets; with ``translates`` of the gold text alone, too.

    Raises UsageError where there is too little to fit on.
    """
    entities = sum(len(gold.spans) for one in sets for gold in one.gold)
    if entities < LEAST:
        raise UsageError(f"the data has {entities} labelled entities; expected at least {LEAST}, better thousands")
    given = [_read(engine, one, say) for one in sets if one.pairs is not None]
    alone = [one._replace(pairs=None, aligned=False) for one in sets] if translates else []
    views = Views(given, [_read(engine, one, say) for one in alone])
    if not views.given and not views.translated:
        raise UsageError("the bundle has no translator: give the sources of the labelled text with --source")
    if not any(work.source.spans for some in views for _, works in some for work in works):
        raise UsageError("the bundle's classifier finds no entity in the sources: is it a token classifier?")
    return views


def _read(engine: Engine, data: DataSet, say: Say) -> tuple[DataSet, list[Work]]:
    kept, works = collect_works(engine, data, label_source=True)
    what = "translated" if data.pairs is None else "given"
    entities = sum(len(work.source.spans) for work in works)
    say(f"{data.title}, source {what}: {len(works):,} sentences, {entities:,} source entities")
    if lost := len(data.gold) + len(data.rejected) - len(works):
        say(f"{data.title}: {lost:,} sentences could not be read or processed, and are left out")
    return kept, works


def _examples(
    sets: Sequence[tuple[DataSet, list[Work]]], tags: Sequence[str] | None, translated: bool = False
) -> list[Examples]:
    return [_one(data, works, tags, translated) for data, works in sets]


def _one(data: DataSet, works: list[Work], tags: Sequence[str] | None, translated: bool) -> Examples:
    batch, evidence = weigh(works, tags, translated=translated)
    ranges = evidence.ranges
    gold = [set(sentence.word_spans()) for sentence in data.gold]
    labels = [batch.labels[k] for k in batch.entities[ranges.entity, 2].tolist()]
    rows = zip(ranges.pair.tolist(), ranges.start.tolist(), ranges.end.tolist(), labels, strict=True)
    right = np.array([(i, j, label) in gold[b] for b, i, j, label in rows], float)
    known = {span.label for sentence in data.gold for span in sentence.spans}
    seen = np.array([label in known for label in labels], np.bool_)
    return Examples(data, NAMES[tags is not None], batch, evidence, right, seen)


def _fitted(name: str, sets: list[Examples], say: Say) -> Logistic:
    """A regression over the candidates of all data sets, and the threshold of the best F1 over all together."""
    matrix = np.concatenate([one.evidence.matrix[one.known] for one in sets])
    spoken = np.concatenate([np.array(languages(one.batch, one.evidence))[one.known] for one in sets])
    right = np.concatenate([one.right[one.known] for one in sets])
    model = fit_logistic(sets[0].names, matrix, right, spoken.tolist())
    f1, tau = max((_f1(_counts(msgspec.structs.replace(model, tau=tau), sets)), tau) for tau in TAUS.tolist())
    say(f"{name}: F1 {f1:.4f} at tau {tau:.3f}, on what it was fitted on")
    return msgspec.structs.replace(model, tau=round(tau, 3))


def _counts(model: Logistic, sets: list[Examples]) -> npt.NDArray[Any]:
    """Right, gold and predicted entities of all data sets."""
    total = np.zeros(3)
    for data, names, batch, evidence, _, known in sets:
        probability = model.probability(names, evidence.matrix, languages(batch, evidence))
        scored = Scored(batch, evidence, np.where(known, probability, 0.0))
        predicted = [projection.labelled() for projection in select(scored, model.tau)]
        total += count_entities(data.gold, predicted).totals().sum(axis=0)
    return total


def _ngram(sets: Sequence[tuple[DataSet, list[Work]]]) -> float:
    system, total = make_system("ngram"), np.zeros(3)
    for data, works in sets:
        known = {span.label for sentence in data.gold for span in sentence.spans}
        found = [projection.labelled() for projection in run_system(system, works)]
        kept = [msgspec.structs.replace(one, spans=tuple(s for s in one.spans if s.label in known)) for one in found]
        total += count_entities(data.gold, kept).totals().sum(axis=0)
    return _f1(total)


def _f1(counts: Any) -> float:
    return float(2 * counts[0] / max(counts[1] + counts[2], 1))


def _load(code: str, path: str, source: str | None, alignments: str | None, **how: Any) -> DataSet:
    def of(name: str | None) -> str | None:
        return name and name.replace("{lang}", code)

    return load_set(code, path, source=of(source), alignments=of(alignments), **how)
