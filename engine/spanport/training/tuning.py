"""`spanport.tune`: an aligner for one's own language pair, from parallel text alone or with links."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from spanport.api import Engine
from spanport.errors import UsageError
from spanport.evaluate import count_entities, count_links
from spanport.languages import resolve, writes_without_spaces
from spanport.models import Models
from spanport.options import StreamOptions
from spanport.training.inputs import Notes, checked, digest_of, read_gold, read_pairs, require_extra, two_files
from spanport.training.request import claim
from spanport.types import Alignment, Pair

if TYPE_CHECKING:
    from spanport_models import PipelineBundle
    from spanport_models.training import TuneOptions

Say = Callable[[str], None]
BOOTSTRAPS = 2
BOOTSTRAP_WEIGHT = 0.5
ENGLISH = "eng_Latn"


class TuneReport(msgspec.Struct, kw_only=True):
    """What is in `tune.json`: `before` and `after` have `aer` where gold links were given, and `f1` of
    projection where both sides of the test text are labelled."""

    options: dict[str, Any]
    languages: tuple[str, str]
    base: str
    bundle: str
    pairs: int
    links: str
    notes: list[str]
    request: str
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    curves: dict[str, list[tuple[int, float]]] = {}


class Aligner(NamedTuple):
    """A bundle with the tuned aligner in it, and its report."""

    folder: Path
    report: TuneReport


def tune(
    *,
    parallel: Sequence[str],
    lang: str,
    out: str | Path,
    alignments: str | None = None,
    gold: str | None = None,
    test: Sequence[str] = (),
    base: str | Path = "",
    bundle: str | Path = "mini",
    source_lang: str = ENGLISH,
    options: TuneOptions | None = None,
    fresh: bool = False,
    progress: Say | None = None,
) -> Aligner:
    """Tune the aligner of a bundle on parallel text.

    Args:
        parallel: Source and target file.
        lang: Language of the target.
        out: Folder of the result: the bundle with its aligner replaced.
        alignments: Pharaoh file of links to learn from; without it those of the bundle, whose lexicon is counted from
            the same text first (with English on one side), so that languages that the encoder never saw have a start.
        gold: Pharaoh file of gold links of `test`, or of `parallel` where that is not given: never learned from.
        test: Source and target file for figures; where both have labels, F1 of projection is one of them.
        base: Hugging Face folder to start from; default what the bundle carries or names.
        bundle: What is tuned.
        source_lang: Language of the source.
        options: See `TuneOptions`.
        fresh: Start over, and replace a result of another run.
        progress: Told in words what is going on.

    Raises:
        UsageError, LengthMismatchError, ModelError, RuntimeMissingError: as `train`, before the work begins.
    """
    require_extra()
    from spanport_models.training import TuneOptions, find_base

    say = progress or (lambda line: None)
    job = _Tuning(Path(out), str(bundle), find_base(str(base) or bundle), checked(options or TuneOptions()), say)
    job.read(parallel, alignments, test, gold, resolve(source_lang), resolve(lang))
    return job.result(fresh) or job.run(fresh)


class _Tuning:
    def __init__(self, out: Path, bundle: str, base: Path, options: TuneOptions, say: Say) -> None:
        from spanport_models.export.source import read_config

        self.out, self.work, self.say = out, Path(f"{out}.work"), say
        self.bundle, self.base, self.options = bundle, base, options
        self.notes = Notes(say)
        depth = int(read_config(base)["num_hidden_layers"])
        if options.layer > depth:
            raise UsageError(f"--layer {options.layer}: {base.name} has {depth} layers; expected at most as many")

    def read(
        self, parallel: Sequence[str], alignments: str | None, test: Sequence[str], gold: str | None, *languages: str
    ) -> None:
        """Read all that was given."""
        source_lang, lang = languages
        _, self.pairs = read_pairs(*two_files(parallel, "--parallel"), alignments, source_lang, lang, self.notes)
        self.given = alignments is not None
        self.test = self.pairs
        if test:
            _, self.test = read_pairs(*two_files(test, "--test"), None, source_lang, lang, self.notes, labels=True)
        self.gold = read_gold(gold, len(self.test)) if gold else []
        self.languages = (source_lang, lang)
        files = sorted(path for path in self.base.iterdir() if path.is_file())
        lasting = msgspec.structs.replace(self.options, save_seconds=0.0)
        sizes = [(path.name, path.stat().st_size) for path in files]
        told = (lasting, sizes, Models(self.bundle).digest, version("torch"), self.languages)
        self.report = TuneReport(
            options=msgspec.to_builtins(lasting),
            languages=self.languages,
            base=self.base.name,
            bundle=Path(self.bundle).name,
            pairs=len(self.pairs),
            links=Path(alignments).name if alignments else "the bundle's own",
            notes=self.notes.lines,
            request=digest_of(told, self.pairs, self.test, self.gold),
        )

    def result(self, fresh: bool) -> Aligner | None:
        """What an earlier run of the same request made, if it is there."""
        path = self.out / "tune.json"
        if fresh or not self.out.exists():
            return None
        if path.is_file():
            report = msgspec.json.decode(path.read_bytes(), type=TuneReport)
            if report.request == self.report.request:
                self.say(f"{self.out} already holds this aligner; nothing to do")
                return Aligner(self.out, report)
        raise UsageError(f"{self.out} already exists and is not this aligner; choose another name, or pass --fresh")

    def run(self, fresh: bool) -> Aligner:
        """Align, tune, export, score."""
        from spanport_models.training import PairExample, export_aligner, list_files, tune_aligner

        if fresh:
            shutil.rmtree(self.work, ignore_errors=True)
        claim(self.work, self.report.request)
        bundle = Models(self.bundle).bundle
        self.report.before = self._figures("before", self.bundle)
        links = [pair.alignment or Alignment() for pair in self.pairs] if self.given else self._bootstrap(bundle)
        unspaced = (writes_without_spaces(self.languages[0]), writes_without_spaces(self.languages[1]))
        examples = [
            PairExample(
                tuple(pair.source.word_texts()),
                tuple(pair.target.word_texts()),
                np.array(found.links, np.int64).reshape(-1, 2),
                unspaced,
            )
            for pair, found in zip(self.pairs, links, strict=True)
        ]
        network, self.report.curves = tune_aligner(self.base, examples, self.options, self.work, self.say)
        aligner = export_aligner(network, self.work / "export", languages=self.languages, say=self.say)
        trial = self._assemble("tuned", bundle, aligner=aligner)
        self.report.after = self._figures("after", str(trial))
        (trial / "tune.json").write_bytes(msgspec.json.format(msgspec.json.encode(self.report), indent=2) + b"\n")
        list_files(trial, ["tune.json"])
        if fresh:
            shutil.rmtree(self.out, ignore_errors=True)
        self.out.parent.mkdir(parents=True, exist_ok=True)
        trial.rename(self.out)
        shutil.rmtree(self.work)
        return Aligner(self.out, self.report)

    def _bootstrap(self, bundle: PipelineBundle) -> list[Alignment]:
        """The bundle's own links; with English, twice more with a lexicon counted from the links before."""
        links = self._links(self.bundle)
        for number in range(BOOTSTRAPS if ENGLISH in self.languages else 0):
            trial = self._assemble(f"counted-{number}", bundle, lexicon=self._counted(links))
            links = self._links(str(trial))
        return links

    def _counted(self, links: Iterable[Alignment]) -> Path:
        from spanport_models.training import count_lexicon, write_lexicon

        swap = self.languages[1] == ENGLISH
        rows = []
        for pair, found in zip(self.pairs, links, strict=True):
            sides = (pair.source.word_texts(), pair.target.word_texts())
            own = [(j, i) for i, j in found.links] if swap else found.links
            rows.append((*(reversed(sides) if swap else sides), own))
        path = self.work / "lexicon.npz"
        other = self.languages[0] if swap else self.languages[1]
        count = write_lexicon({other: count_lexicon(rows)}, path)
        self.say(f"counted a lexicon of {count:,} entries")
        return path

    def _assemble(self, name: str, bundle: PipelineBundle, **replaced: Path) -> Path:
        """The bundle with some parts replaced, in the work folder; with a counted lexicon in use."""
        from spanport_models import assemble_pipeline

        parts: dict[str, Any] = {str(role): bundle.path / place for role, place in bundle.manifest.components.items()}
        parts |= replaced
        mixture = dict(bundle.mixture)
        if "lexicon" in replaced:
            mixture["lexicon"] = max(float(mixture.get("lexicon", 0.0)), BOOTSTRAP_WEIGHT)
        pivot, out = bundle.manifest.pivot, self.work / name
        return assemble_pipeline(out, name=self.out.name, mixture=mixture, pivot=pivot, replace=True, **parts)

    def _links(self, bundle: str) -> list[Alignment]:
        self.say(f"aligning {len(self.pairs):,} pairs")
        with _engine(bundle) as engine:
            return list(engine.align(_unaligned(self.pairs)))

    def _figures(self, when: str, bundle: str) -> dict[str, float]:
        found: dict[str, float] = {}
        labelled = all(any(getattr(pair, side).spans for pair in self.test) for side in ("source", "target"))
        with _engine(bundle) as engine:
            if self.gold:
                found["aer"] = count_links(self.gold, engine.align(_unaligned(self.test))).scores().aer
            if labelled and self.test is not self.pairs:
                hidden = [Pair(pair.source, msgspec.structs.replace(pair.target, spans=())) for pair in self.test]
                projected = [one.labelled() for one in engine.project(hidden)]
                found["f1"] = count_entities([pair.target for pair in self.test], projected).scores().micro.f1
        for name, value in found.items():
            self.say(f"{when}: {name} {value:.4f}")
        return found


def _engine(bundle: str) -> Engine:
    return Engine.from_bundle(bundle, device="cpu", threads=1, stream=StreamOptions(linger=None))


def _unaligned(pairs: Iterable[Pair]) -> Iterable[Pair]:
    return (Pair(pair.source, pair.target) for pair in pairs)
