"""Peak memory of `spanport label`: on ten times the text, and with one model in memory instead of all.

    python benchmarks/memory.py growth TEXT --lang es [--counts 20000 200000]
    python benchmarks/memory.py residency TEXT --lang es [--counts 2000]

``growth`` labels the text over and over until it has as many sentences as asked for, each cut to one to six words
so that hundreds of thousands are labelled in minutes. ``residency`` labels whole sentences with all models in memory
and with one at a time. Every run is a process of its own; peaks are those of the operating system.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from spanport.formats import Rejected, read

MB = 1e6


def sentences(path: str, lang: str, count: int, *, short: bool) -> Iterator[str]:
    """``count`` sentences of a file, from its start again when it ends; short ones keep one to six words."""
    texts = [item.sentence.text for item in read(path, None, lang) if not isinstance(item, Rejected)]
    texts = [text for text in texts if text.strip()]
    for i, text in enumerate(islice(cycle(texts), count)):
        yield " ".join(text.split()[: 1 + i % 6]) if short else text


def label(folder: Path, text: Path, lang: str, *more: str) -> tuple[float, float, str]:
    """Label a file in a process of its own: peak memory in MB, seconds, and a digest of the output."""
    out, stats = folder / "out.jsonl", folder / "stats.json"
    command = ["label", str(text), "--lang", lang, "-o", str(out), "--stats", str(stats), "--fresh", *more]
    subprocess.run([sys.executable, "-m", "spanport", *command], check=True)
    figures = json.loads(stats.read_bytes())
    return figures["peak_rss"] / MB, figures["seconds"], hashlib.sha256(out.read_bytes()).hexdigest()[:12]


def main() -> None:
    """Run one of the two comparisons and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["growth", "residency"])
    parser.add_argument("text")
    parser.add_argument("--lang", required=True)
    parser.add_argument("--counts", type=int, nargs="+")
    parser.add_argument("--bundle", default="mini")
    arguments = parser.parse_args()
    short = arguments.what == "growth"
    runs = [[]] if short else [["--resident", "all"], ["--resident", "one"]]
    first = None
    print("| sentences | options | peak MB | of the first | seconds | output |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for count in arguments.counts or ([20_000, 200_000] if short else [2000]):
            text = folder / "in.txt"
            lines = sentences(arguments.text, arguments.lang, count, short=short)
            text.write_text("".join(line + "\n" for line in lines))
            for more in runs:
                peak, seconds, digest = label(folder, text, arguments.lang, "--bundle", arguments.bundle, *more)
                first = first or peak
                print(f"| {count} | {' '.join(more)} | {peak:.1f} | {peak / first:.3f} | {seconds:.0f} | {digest} |")


if __name__ == "__main__":
    main()
