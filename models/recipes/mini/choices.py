"""What words are aligned by: settings side by side, on the machine translations of the English CoNLL test set.

No training has seen them, and no figure of the model card is measured on them. Their labels were projected and their
links made by others' tools (García-Ferrero et al. 2022), so that differences between settings count, not levels.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from mini.figures import STREAM, Figure
from mini.sources import LANGUAGES
from spanport import Engine
from spanport.compare import load_set
from spanport.evaluate import count_entities, count_links
from spanport.options import AlignOptions
from spanport.types import Alignment

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
