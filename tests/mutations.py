"""Do the tests bite? Break one important line at a time and run the tests that should notice.

`python tests/mutations.py [NUMBER ...]` works on a copy of the tree and prints what was caught and what survived; it
fails where fewer than nine in ten are caught. Kernels are run without the JIT, so that none is compiled anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ENGINE, KERNELS, MODELS = "engine/spanport", "kernels/spanport_kernels", "models/spanport_models"
LEAST = 0.9
"""Share of the mutations that must be caught."""


class Mutation(NamedTuple):
    """In a file, what is replaced (once) by what, and the tests that should fail then."""

    file: str
    old: str
    new: str
    tests: str


def mutations() -> Iterator[Mutation]:
    """The mutations, by room."""
    for file, old, new, tests in (
        ("runs.py", "if gap == 0 or (gap <= merge_distance", "if gap == 0 or (gap < merge_distance", "test_runs.py"),
        ("runs.py", "/ length > threshold:", "/ length >= threshold:", "test_runs.py"),
        ("runs.py", "sign = -1 if shortest else 1", "sign = 1", "test_runs.py"),
        ("greedy.py", "if best < 0 or score[c] > score[best]:", "if best < 0 or score[c] >= score[best]:", "test_matching.py"),
        ("greedy.py", "start[c] < taken_end and", "start[c] <= taken_end and", "test_matching.py"),
        ("tagging.py", "previous[other] > reached:", "previous[other] >= reached + 1:", "test_tagging.py"),
        ("tagging.py", "if tag[:2] in INNER else FREE\n        found", "if tag[:2] == 'I-' else FREE\n        found", "test_tagging.py"),
    ):  # fmt: skip
        yield Mutation(f"{KERNELS}/{file}", old, new, f"tests/kernels/{tests}")
    written = "tests/engine/output tests/engine/cli/test_jobs.py tests/engine/test_job.py"
    for file, old, new in (
        ("journal.py", "if not tab or check != ", "if not tab or check == b'' and check != "),
        ("journal.py", "os.fsync(self._file.fileno())", "pass"),
        ("journal.py", "if [f.sha256 for f in found.inputs] != ", "if [] != [] and [f.sha256 for f in found.inputs] != "),
        ("committed.py", "sink.checksum(extent.size) != extent.crc32", "False"),
        ("committed.py", "if not fresh and not resumed:", "if False:"),
        ("committed.py", "not self._rejects.starts(done.rejects.size, REJECT_MARK)", "False"),
        ("files.py", "if key is not None and key in seen", "if False and key in seen"),
        ("files.py", "fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass"),
    ):  # fmt: skip
        yield Mutation(f"{ENGINE}/output/{file}", old, new, written)
    for file, old, new, tests in (
        ("job.py", 'del record["bundle"]', 'del record["bundle"], record["pivot"]', "test_job.py cli/test_jobs.py"),
        ("labels.py", "here != kind or does & OPENS", "here != kind", "test_labels.py formats"),
        ("labels.py", '"E": CLOSES', '"E": OPENS', "test_labels.py"),
        ("stream/window.py", "type(value) is not Failed and", "", "stream"),
        ("checked.py", "_checked(name, getattr(self, name), kind)", "pass", "test_checked.py"),
        ("languages.py", "found = names.get(subtags[0])", "found = None", "test_languages.py"),
        ("matching/solve.py", "RESOLUTION = 2**30", "RESOLUTION = 4", "matching/test_solve.py"),
        ("matching/solve.py", "cp_model.OPTIMAL and task.complete else", "cp_model.OPTIMAL else", "matching/test_solve.py"),
        ("systems/calibrated/links.py", "loose[low - 1] & (start > 0)", "loose[low - 1]", "systems/calibrated/test_system.py"),
        ("systems/calibrated/links.py", "loose[high] & (high <", "loose[high] | (high <", "systems/calibrated/test_system.py"),
        ("systems/calibrated/links.py", "np.log(np.maximum(ties[entity], 1))", "0.0 * ties[entity]", "systems/calibrated/test_system.py"),
        ("systems/calibrated/regression.py", "here = spoken == language", "here = spoken != language", "systems/calibrated/test_system.py"),
        ("matching/nmt_bounds.py", "FORWARD_SLACK = 2.1", "FORWARD_SLACK = 1.0", "systems/test_ilp.py"),
        ("matching/nmt_bounds.py", "BACKWARD_SLACK = 2.5", "BACKWARD_SLACK = 1.0", "systems/test_ilp.py"),
        ("matching/nmt_bounds.py", "SELF_SLACK = 3.5", "SELF_SLACK = 1.0", "systems/test_ilp.py"),
        ("bulk/project.py", "source.flags | target.flags | links.flags", "source.flags | links.flags", "bulk"),
        ("bulk/project.py", "source.flags | target.flags | links.flags", "source.flags | target.flags", "bulk"),
        ("evaluate/entities.py", "np.where(gold > 0, predicted", "np.where(gold >= 0, predicted", "evaluate"),
        ("report/sentences.py", "span.start < end and start < span.end", "span.start <= end and start < span.end", "report"),
        ("cli/console.py", "\\x7f-\\x9f", "\\x7f", "cli/test_console.py"),
    ):  # fmt: skip
        yield Mutation(f"{ENGINE}/{file}", old, new, " ".join(f"tests/engine/{test}" for test in tests.split()))
    for file, old, new, tests in (
        ("encoder.py", "np.diff(owner_of_all, prepend=-1)", "np.diff(owner_of_all, append=-1)", "test_encoder.py"),
        ("translator.py", "max(len(source) for source in cut)", "min(len(source) for source in cut)", "test_translator.py"),
        ("translator.py", "wanted, self.max_length - 1)", "wanted, self.max_length + 99)", "test_translator.py"),
        ("translator.py", "[prefix + pieces[:room]", "[prefix + pieces", "test_translator.py"),
        ("batching.py", "kind=\"stable\")\n    batches", "kind=\"stable\")[::-1]\n    batches", "test_batching.py"),
    ):  # fmt: skip
        yield Mutation(f"{MODELS}/{file}", old, new, f"tests/models/{tests}")


def caught(mutation: Mutation, tree: Path) -> bool:
    """Whether the tests fail in a copy of the tree that is broken so."""
    path = tree / mutation.file
    sound = path.read_text("utf8")
    if sound.count(mutation.old) < 1:
        raise SystemExit(f"{mutation.file} has no {mutation.old!r} any more: mend the list")
    times = path.stat()
    path.write_text(sound.replace(mutation.old, mutation.new, 1), "utf8")
    folders = ("engine", "kernels", "models")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(tree / folder) for folder in folders)}
    environment |= {"NUMBA_CACHE_DIR": str(tree / "numba"), "PYTHONDONTWRITEBYTECODE": "1"}
    if mutation.file.startswith(KERNELS):
        environment["NUMBA_DISABLE_JIT"] = "1"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutation.tests.split()]
    ran = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    path.write_text(sound, "utf8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    if ran.returncode not in (0, 1):
        raise SystemExit(f"the tests did not run:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return ran.returncode == 1


def main(numbers: list[int]) -> int:
    """Run all mutations, or those of these numbers, from 1; returns the exit code."""
    chosen = [(n, one) for n, one in enumerate(mutations(), 1) if not numbers or n in numbers]
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, files.split("\0")):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
        for number, mutation in chosen:
            bites = caught(mutation, tree)
            print(f"{number:3} {'caught' if bites else 'SURVIVED'}  {mutation.file}: {mutation.new!r}", flush=True)
            survivors += [] if bites else [mutation]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught")
    return 0 if len(survivors) <= (1 - LEAST) * len(chosen) else 1


if __name__ == "__main__":
    raise SystemExit(main([int(number) for number in sys.argv[1:]]))
