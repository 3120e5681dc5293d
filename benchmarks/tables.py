"""What Parquet costs next to CoNLL in the fast path of ``spanport project``: CPU time, by turns in one process.

    python benchmarks/tables.py [--copies 5] [--rounds 5] [--memory]

The same sentences, labels and links, once as columns and once as a table of ``tokens`` and ``ner_tags`` (class labels
with names, Snappy, as pyarrow writes them). Each command is run as a user runs it, journal and fsync included; the
least CPU time counts. Compared are the same things read and written: words and labels in columns with ``tokens`` and
``ner_tags`` in a table (``--format parquet-tags``, compressed with Zstandard). Format ``parquet`` writes more: the
text, the words, spans with offsets, texts, scores and source spans, and the source text; its costs are printed beside
it, of the same tables and (``spans``) of those that spanport itself writes: text, words and spans. ``--memory`` also
prints the peak memory of a process that projects the table once and ten times over, per format.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import sentences

import spanport
from spanport.cli.app import run

LISTS = pa.list_(pa.string())
OUTPUTS = ("conll", "parquet-tags", "parquet", "spans")


def columns(data: bytes) -> tuple[list[list[str]], list[list[str]]]:
    """Words and labels of each sentence."""
    blocks = [block.splitlines() for block in data.decode().split("\n\n") if block.strip()]
    rows = [[line.split("\t") if "\t" in line else line.split() for line in block] for block in blocks]
    return [[row[0] for row in block] for block in rows], [[row[-1] for row in block] for block in rows]


def write(folder: Path, copies: int) -> int:
    """Write the inputs so many times over, as columns and as tables; returns the number of sentences."""
    data = sentences.real() or sentences.made_up()
    for name, content in zip(("source.conll", "target.conll", "links.pharaoh"), data, strict=True):
        (folder / name).write_bytes(content * copies)
    (source, labels), (target, _) = columns(data[0]), columns(data[1])
    names = sorted({label for row in labels for label in row}, key=lambda name: (name != "O", name))
    numbers = {name: number for number, name in enumerate(names)}
    info = (
        '{"info": {"features": {"ner_tags": {"feature": {"names": %s, "_type": "ClassLabel"}, "_type": "Sequence"}}}}'
    )
    schema = pa.schema({"tokens": LISTS, "ner_tags": pa.list_(pa.int64())})
    schema = schema.with_metadata({"huggingface": info % str(names).replace("'", '"')})
    tagged = pa.table({"tokens": source, "ner_tags": [[numbers[label] for label in row] for row in labels]}, schema)
    tables = {"source.parquet": tagged, "target.parquet": pa.table({"tokens": target})}
    for name, content in zip(("source", "target"), data, strict=False):
        (folder / "one.conll").write_bytes(content)
        spanport.write(folder / "one.parquet", spanport.read(folder / "one.conll"), replace=True)
        tables[f"{name}.spans"] = pq.read_table(folder / "one.parquet")
    for file, table in tables.items():
        pq.write_table(pa.concat_tables([table] * copies), folder / file)
    return len(source) * copies


def project(folder: Path, form: str) -> float:
    """CPU seconds of the command over files of columns, or over tables, to a format."""
    kind = form.split("-")[0]
    sides = ["--source", f"{folder}/source.{kind}", "--target", f"{folder}/target.{kind}", "--target-lang", "es"]
    links = ["--alignments", f"{folder}/links.pharaoh"]
    if form == "spans":
        sides += ["--source-format", "parquet", "--target-format", "parquet"]
    output = ["--fresh", "--format", "parquet" if form == "spans" else form, "-o", f"{folder}/out.{form}"]
    sys.argv = ["spanport", "project", *sides, *links, *output]
    began = time.process_time()
    assert run() == 0
    return time.process_time() - began


def peak(folder: Path, form: str) -> float:
    """Peak memory of a process that projects the table, in MB: its own, not what it had of its parent."""
    command = [sys.executable, __file__, "--peak", str(folder), form]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    if arguments.peak:
        project(Path(arguments.peak[0]), arguments.peak[1])
        print(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = write(folder, arguments.copies)
        rounds = [[project(folder, form) for form in OUTPUTS] for _ in range(1 + arguments.rounds)]
        conll, *tables = (min(times) for times in zip(*rounds[1:], strict=True))
        print(f"{count:,} sentences, {'real' if sentences.real() else 'made up'}")
        print(f"conll costs {1e6 * conll / count:.2f} us a sentence")
        for form, table in zip(OUTPUTS[1:], tables, strict=True):
            print(f"{form} costs {table / conll:.2f} times what conll costs; {count / table:,.0f} sentences/CPU-s")
        if arguments.memory:
            once = [peak(folder, form) for form in OUTPUTS]
            more = write(folder, 10 * arguments.copies)
            for form, before in zip(OUTPUTS, once, strict=True):
                print(f"{form}: {before:.0f} MB of {count:,} sentences, {peak(folder, form):.0f} MB of {more:,}")


if __name__ == "__main__":
    main()
