"""What words are aligned by and candidates scored by: settings side by side, on text that no training has seen.

No figure of the model card is measured on it, and it has no gold labels, so that differences between settings count,
not levels. `choosing` takes the machine translations of the English CoNLL test set, with labels projected and links
made by others' tools (García-Ferrero et al. 2022); `agreeing` the second half of NTREX-128, human translations, and
what the classifier reads in them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from mini.figures import STREAM, Figure, second_half
from mini.sources import LANGUAGES
from spanport import Engine
from spanport.compare import load_set
from spanport.evaluate import count_entities, count_links
from spanport.options import AlignOptions
from spanport.types import Alignment, Pair, Sentence

_SHARP = {"scale": 40.0}
SETTINGS: dict[str, dict[str, Any]] = {
    "argmax both ways": {"extraction": "intersection"},
    "softmax > .1, x 20": {"mixture": {"scale": 20.0}},
    "softmax > .1, x 40": {"mixture": _SHARP},
    "x 40, position .5": {"mixture": {**_SHARP, "position": 0.5}},
    "x 40, lexical .5": {"mixture": {**_SHARP, "lexical": 0.5}},
    "x 40, lexicon .5": {"mixture": {**_SHARP, "lexicon": 0.5}},
    "x 40, lexicon .5, position .5": {"mixture": {**_SHARP, "lexicon": 0.5, "position": 0.5}},
    "x 40, lexicon .5, lexical .5": {"mixture": {**_SHARP, "lexicon": 0.5, "lexical": 0.5}},
}


def choosing(data: Path, bundle: Path, limit: int = 500) -> Iterator[Figure]:
    """F1 of `ngram` projection and error rate of the links, for each setting and language."""
    root = data / "conll-parallel"
    for code in LANGUAGES:
        loaded = load_set(
            code,
            str(root / f"en2{code}" / "deepl.test.tsv"),
            source=str(root / "original" / "en.test.tsv"),
            alignments=str(root / f"en2{code}" / "awesome.test.pharaoh"),
        )
        both = zip(loaded.gold, loaded.pairs or (), strict=True)
        kept = list(islice(((sentence, pair) for sentence, pair in both if pair.source.spans), limit))
        gold, given = [one for one, _ in kept], [pair for _, pair in kept]
        bare = [msgspec.structs.replace(pair, alignment=None) for pair in given]
        for name, options in SETTINGS.items():
            settings = msgspec.convert(options, AlignOptions)
            with Engine.from_bundle(str(bundle), align=settings, stream=STREAM) as engine:
                found = list(engine.project(bare))
            f1 = count_entities(gold, [one.labelled() for one in found]).scores().micro.f1
            links = [pair.alignment or Alignment(()) for pair in given]
            aer = count_links(zip(links, links, strict=True), [one.alignment for one in found]).scores().aer
            yield Figure(name, f"{code}: CoNLL test by DeepL, {len(gold)} sentences", f"{f1:.3f} / {aer:.3f}")


_READ = ("deu", "spa", "ita", "por", "rus", "swe", "fra", "ron")
_SURE = 0.85
_SOFTER = {"mixture": {"scale": 20.0, "lexicon": 0.5}}
SCORED: dict[str, tuple[dict[str, Any], str]] = {
    "covered": ({"mixture": {**_SHARP, "lexicon": 0.5}}, "covered"),
    "pairs": ({"mixture": {**_SHARP, "lexicon": 0.5}}, "pairs"),
    "pairs, x 40, softmax > .02": ({"mixture": {**_SHARP, "lexicon": 0.5}, "threshold": 0.02}, "pairs"),
    "pairs, x 20": (_SOFTER, "pairs"),
}
"""Alignment, and the score of `ngram`."""


def agreeing(data: Path, bundle: Path) -> Iterator[Figure]:
    """F1 of `ngram` from what the classifier reads in English onto what it reads in the translation.

    Of sentences in which it is sure of all it reads, and reads as many entities of each label on both sides.
    """
    with Engine.from_bundle(str(bundle), stream=STREAM) as engine:
        texts = {code: second_half(data, code) for code in ("eng", *_READ)}
        read = {
            code: [one.labelled() for one in engine.label(lines, lang=code, system="model-transfer")]
            for code, lines in texts.items()
        }
    sets = {code: _alike(read["eng"], read[code]) for code in _READ}
    for name, (options, score) in SCORED.items():
        values = []
        with Engine.from_bundle(str(bundle), align=msgspec.convert(options, AlignOptions), stream=STREAM) as engine:
            for code, (pairs, gold) in sets.items():
                found = [one.labelled() for one in engine.project(pairs, options={"score": score})]
                values.append(count_entities(gold, found).scores().micro.f1)
                yield Figure(name, f"{code}: NTREX-128, {len(gold)} sentences", f"{values[-1]:.3f}")
        yield Figure(name, "mean", f"{sum(values) / len(values):.3f}")


def _alike(english: Sequence[Sentence], other: Sequence[Sentence]) -> tuple[list[Pair], list[Sentence]]:
    """Pairs in which both sides are surely read with the same labels, their targets unlabelled, and the targets."""
    pairs, gold = [], []
    for source, target in zip(english, other, strict=True):
        labels = [Counter(span.label for span in side.spans) for side in (source, target)]
        sure = all((span.score or 0.0) > _SURE for span in (*source.spans, *target.spans))
        if source.spans and sure and labels[0] == labels[1]:
            pairs.append(Pair(source, msgspec.structs.replace(target, spans=())))
            gold.append(target)
    return pairs, gold
