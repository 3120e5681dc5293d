"""Whether two versions do the same work: outputs of label, project with every system, align and compare, as digests.

    python benchmarks/same_bytes.py --data DATA --out DIR [--base REVISION | --against DIGESTS] [--only TEXT]

Sentences are those of CoNLL (Spanish test set; the English one, DeepL's Spanish and awesome-align's links), some with
given links, some aligned by the bundle. Only what users import and type is used, so that the script runs on older
versions too. Each output goes to a file of DIR, its SHA-256 to ``DIR/digests.tsv``; those that differ from the ones
of ``--against``, or of a git revision that ``--base`` names, run on this machine (the last digits of quantised models
are the processor's), are named, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sentences import pairs_of, rows_of, sentence

from spanport import Alignment, Engine, Pair
from spanport.cli.app import run
from spanport.options import StreamOptions

MANY, SOME, FEW = 1500, 100, 4
"""Pairs for systems that need links only, for those that read the encoder, for those that translate."""

LINKS: dict[str, list[dict[str, Any]]] = {
    "ngram": [{}, {"score": "pairs", "solver": "greedy"}, {"max_length": 10}, {"drop_labels": ["MISC"]}],
    "aligned-ranges": [{}, {"candidates": "hull", "score": "pairs"}, {"sub_ranges": False, "solver": "greedy"}],
    "heuristic": [{}, {"threshold": None}, *({"preset": f"thesis-{row}"} for row in range(1, 12))],
    "easy-label-projection": [{}],
    "span-filling": [{}, {"comp_src": True, "comp_tgt": True, "on_failure": "discard"}, {"restr_tgt": True}],
    "ilp": [{}, {"relation": "=", "candidates": "merged"}, {"count": 2}, {"solver": "greedy", "max_length": 4}],
    "calibrated": [{"view": False}, {"view": False, "tau": 0.1}],
}
ENCODER: dict[str, list[dict[str, Any]]] = {
    "ngram": [{}],
    "ner-candidates": [{}, {"sub_ranges": True}],
    "calibrated": [{}, {"discover": False, "drop_labels": ["MISC"], "drop": "before"}],
    "model-transfer": [{}],
    "ensemble": [{}, {"projector": "ngram", "projector_options": {}}],
    "ilp": [{"score": "align_ner_spans"}, {"score": "ner", "candidates": "ner"}],
}
TRANSLATOR: dict[str, list[dict[str, Any]]] = {
    "ilp": [{"score": "all_fusion"}, {"score": "nmt", "nmt_prune": False, "max_length": 3}],
    "backtranslation": [{}],
    "codec": [{}, {"mode": "translate-train"}],
    "multi-source": [{"pivots": ["deu_Latn"]}],
    "easyproject": [{}],
    "translate-train": [{}],
}
STREAM = StreamOptions(linger=None)
"""Batches by the input alone: the last digits of quantised models depend on them."""

ALIGNERS = ("hybrid", "simalign-itermax", "awesome")


def shown(results: Iterable[Any]) -> bytes:
    """Results as JSON lines: every span with its origin, score to the last digit, status and links."""
    lines = []
    for found in results:
        if isinstance(found, Alignment):
            lines.append(json.dumps(found.links))
        elif isinstance(found, Exception):
            lines.append(json.dumps(f"{type(found).__name__}: {found}"))
        else:
            spans = [
                (s.start, s.end, s.label, repr(s.score), None if s.source is None else (s.source.start, s.source.end))
                for s in found.spans
            ]
            row = (found.target.text, spans, found.source.text, found.source.span_texts(), found.alignment.links)
            lines.append(json.dumps((*row, found.status), ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def without_seconds(value: Any) -> Any:
    """JSON without the entries that say how long something took."""
    if isinstance(value, dict):
        return {key: without_seconds(own) for key, own in value.items() if "second" not in key and key != "shared"}
    return [without_seconds(own) for own in value] if isinstance(value, list) else value


def command(*arguments: str) -> bytes:
    """What a command writes to standard output."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(out):
        sys.argv = ["spanport", *arguments]
        if run():
            raise SystemExit(f"{arguments} failed")
    out.flush()
    return out.buffer.getvalue()  # type: ignore[attr-defined, no-any-return]


def files(folder: Path, data: Path, bundle: str) -> dict[str, Callable[[], bytes]]:
    """What commands write, by name."""
    parallel = data / "conll-parallel"
    inputs = {
        "source.conll": parallel / "original/en.test.tsv",
        "target.conll": parallel / "en2es/deepl.test.tsv",
    }
    for name, path in inputs.items():
        blocks = path.read_text(encoding="utf-8").split("\n\n")[:MANY]
        (folder / name).write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8")
    links = (parallel / "en2es/awesome.test.pharaoh").read_text().splitlines(keepends=True)[:MANY]
    (folder / "links.pharaoh").write_text("".join(links))
    spanish = [sentence(rows, "spa_Latn", labelled=False).text for rows in rows_of(parallel / "original/es.test.tsv")]
    (folder / "es.txt").write_text("\n".join(spanish[:SOME]) + "\n", encoding="utf-8")
    gold = parallel / "original/es.test.tsv"
    given = [
        "--source", str(folder / "source.conll"), "--target", str(folder / "target.conll"),
        "--alignments", str(folder / "links.pharaoh"), "--target-lang", "es",
    ]  # fmt: skip

    def made(name: str, *arguments: str) -> Callable[[], bytes]:
        def run() -> bytes:
            command(*arguments, "--fresh", "-o", str(folder / name))
            return (folder / name).read_bytes()

        return run

    def compared() -> bytes:
        path = folder / "compare.json"
        command(
            "compare", str(gold), "--lang", "es", "--limit", str(SOME), "--bundle", bundle, "--json", str(path),
            "--input-format", "conll", "--systems", "ngram,heuristic,span-filling,ner-candidates,calibrated,ensemble",
        )  # fmt: skip
        return json.dumps(without_seconds(json.loads(path.read_text())), indent=1).encode()

    return {
        "file project conll": made("out.conll", "project", *given),
        "file project jsonl": made("out.jsonl", "project", *given, "--system", "heuristic"),
        "file label": made("es.jsonl", "label", str(folder / "es.txt"), "--lang", "es", "--bundle", bundle),
        "file compare": compared,
    }


def works(engine: Engine, data: Path, bundle: str, folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Name and content of every output."""
    pairs = pairs_of(data, MANY)
    for kind, table, some, aligned in (
        ("links", LINKS, pairs, True),
        ("encoder", ENCODER, [Pair(pair.source, pair.target) for pair in pairs[:SOME]], False),
        ("translator", TRANSLATOR, [pair for pair in pairs if len(pair.source.words) < 12][:FEW], False),
    ):
        for system, rows in table.items():
            for options in rows:
                yield (
                    f"project {kind} {system} {json.dumps(options)}",
                    lambda system=system, options=options, some=some, aligned=aligned: shown(
                        engine.project(some, system=system, options=options, aligned=aligned, on_error="return")
                    ),
                )
    spanish = [sentence(rows, "", labelled=False) for rows in rows_of(data / "conll-parallel/original/es.test.tsv")]
    texts = [one.text for one in spanish[:SOME]]
    for system in (None, "ngram", "model-transfer", "ensemble", "ner-candidates"):
        yield (
            f"label {system}",
            lambda system=system: shown(engine.label(texts, lang="spa_Latn", system=system, on_error="return")),
        )
    for aligner in ALIGNERS:
        yield f"align {aligner}", lambda aligner=aligner: _aligned(bundle, aligner, pairs[:SOME])
    yield from files(folder, data, bundle).items()


def _aligned(bundle: str, aligner: str, pairs: list[Pair]) -> bytes:
    with Engine.from_bundle(bundle, threads=1, align=aligner, stream=STREAM) as engine:
        return shown(engine.align([Pair(pair.source, pair.target) for pair in pairs]))


def digests_of(revision: str, options: argparse.Namespace) -> Path:
    """The digests of a git revision, run here."""
    with tempfile.TemporaryDirectory() as folder:
        tree = ["git", "-C", str(Path(__file__).parent), "worktree"]
        subprocess.run([*tree, "add", "--detach", folder, revision], check=True)
        try:
            path = os.pathsep.join(str(Path(folder) / root) for root in ("engine", "kernels", "models"))
            given = ["--data", options.data, "--bundle", options.bundle, "--only", options.only]
            command = [sys.executable, __file__, *given, "--out", options.out / "base"]
            subprocess.run([str(part) for part in command], check=True, env={**os.environ, "PYTHONPATH": path})
        finally:
            subprocess.run([*tree, "remove", "--force", folder], check=True)
    return Path(options.out / "base" / "digests.tsv")


def main() -> int:
    """Write the outputs and their digests, and compare these."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SPANPORT_DATA", ".")))
    parser.add_argument("--bundle", default="mini")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--against", type=Path, help="digests.tsv of another version")
    parser.add_argument("--base", help="a git revision to compare with")
    parser.add_argument("--only", default="", help="only outputs with this text in their name")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    against = digests_of(options.base, options) if options.base else options.against
    digests: dict[str, str] = {}
    made_by = Engine.from_bundle(options.bundle, threads=1, stream=STREAM)
    with tempfile.TemporaryDirectory() as folder, made_by as engine:
        for name, content in works(engine, options.data, options.bundle, Path(folder)):
            if options.only in name:
                made = content()
                digests[name] = hashlib.sha256(made).hexdigest()
                (options.out / f"{len(digests):03d}.txt").write_bytes(name.encode() + b"\n" + made)
                print(digests[name][:16], name, file=sys.stderr, flush=True)
    (options.out / "digests.tsv").write_text("".join(f"{digest}\t{name}\n" for name, digest in digests.items()))
    if against is None:
        return 0
    before = dict(line.split("\t")[::-1] for line in against.read_text().splitlines())
    differ = [name for name, digest in digests.items() if before.get(name) != digest]
    print(f"{len(digests) - len(differ)} of {len(digests)} the same", *differ, sep="\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
