"""What the shortlist of a bundle's translator is worth: translation with and without it, in turns, in one process.

    python benchmarks/shortlist.py --data DATA [--bundle mini] [--rounds 5] [--threads 1]

Translates the Spanish, German and Italian sides of the second half of NTREX-128 greedily, each way `--rounds` times,
batches as `Translator.translate` makes them. Prints sentences per CPU second (median round), their ratio (median over
rounds), how many translations differ, and chrF of both. Loading is left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import msgspec
import sacrebleu

from mini.sources import ENGLISH, LANGUAGES, NTREX_FIRST_HALF
from spanport import Engine


def translated(translator: Any, texts: dict[str, list[str]]) -> tuple[list[str], float]:
    """Translations of all texts, and the CPU seconds they took."""
    start, out = time.process_time(), []
    for language, rows in texts.items():
        out += [one.text for one in translator.translate(rows, language, ENGLISH)]
    return out, time.process_time() - start


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", default="mini")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    lines = {
        code: (options.data / "ntrex" / f"{code[:3]}.txt").read_text(encoding="utf-8").splitlines()[NTREX_FIRST_HALF:]
        for code in (*LANGUAGES.values(), ENGLISH)
    }
    reference = lines.pop(ENGLISH) * len(LANGUAGES)
    with Engine.from_bundle(options.bundle, device="cpu", threads=options.threads) as engine:
        translator: Any = engine.models.translator()
        manifests = {"all pieces": msgspec.structs.replace(translator.manifest, shortlist="")}
        manifests["shortlist"] = translator.manifest
        seconds: dict[str, list[float]] = {way: [] for way in manifests}
        texts: dict[str, list[str]] = {}
        for _ in range(options.rounds):
            for way, translator.manifest in manifests.items():
                texts[way], spent = translated(translator, lines)
                seconds[way].append(spent)
    for way, spent in seconds.items():
        score = sacrebleu.corpus_chrf(texts[way], [reference]).score
        print(f"{way:12} {len(reference) / statistics.median(spent):6.1f} sentences per CPU second, chrF {score:.2f}")
    ratio = statistics.median(a / b for a, b in zip(*seconds.values(), strict=True))
    differ = sum(a != b for a, b in zip(*texts.values(), strict=True))
    print(f"{ratio:.2f} times as fast; {differ} of {len(reference)} translations differ")


if __name__ == "__main__":
    main()
