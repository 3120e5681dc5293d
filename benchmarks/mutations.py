"""Whether the tests bite: mistakes, one at a time, in a copy of the tree; the tests named for each must fail.

    python benchmarks/mutations.py [--only NAME ...] [--list] [--no-baseline]

The mistakes stand in ``mutations.toml``: a name, the source text that is mutated (it must stand in exactly one place
of the packages, whichever file that is by now), what replaces it, and the test files to run. Those run unchanged
first, for tests that fail anyway catch nothing. Survivors are named, and the exit code is then 1; text or a test file
that is no longer there is an error that names the mutation. Mutated kernels run without the JIT, as Numba would
compile all of them anew.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_suffix(".toml")
PACKAGES = ("engine/spanport", "kernels/spanport_kernels", "models/spanport_models")
COPIED = ("engine", "kernels", "models", "tests", "benchmarks", "docs", "pyproject.toml", "README.md", "CHANGELOG.md")
PATIENCE = 600
"""Seconds for the tests of one mutation; a mutated program that does not end by then is caught, and that is said."""

PASSED, FAILED = 0, 1
"""Exit codes of pytest that say something of the mutation."""

VERDICTS = {PASSED: "SURVIVED", FAILED: "caught", None: "no end"}
"""By what `try_out` returns."""


class Mutation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mistake: ``find`` stands once in the packages; ``tests`` are files under ``tests/``."""

    name: str
    find: str
    replace: str
    tests: tuple[str, ...]
    jit: bool = False
    """Of kernels: whether their tests need the JIT."""

    def place(self, root: Path) -> Path:
        """The file that holds the text. Raises SystemExit where not exactly one does, once, or a test is gone."""
        sources = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
        counts = {path: path.read_text("utf8").count(self.find) for path in sources}
        if (total := sum(counts.values())) != 1:
            raise SystemExit(f"{self.name}: {self.find!r} stands in {total} places of the packages; expected 1")
        for test in self.tests:
            if not (root / "tests" / test).is_file():
                raise SystemExit(f"{self.name}: there is no tests/{test}; name the file that tests this now")
        return next(path for path, count in counts.items() if count)


def read(path: Path = LIST) -> list[Mutation]:
    """The mutations of a file. Raises SystemExit where two have one name."""
    found = msgspec.convert(tomllib.loads(path.read_text("utf8"))["mutation"], list[Mutation])
    names = [mutation.name for mutation in found]
    if len(set(names)) < len(names):
        raise SystemExit(f"named twice: {sorted({name for name in names if names.count(name) > 1})}")
    return found


def copy(root: Path, target: Path) -> None:
    """Copy what tests need, with what is compiled already."""
    ignore = shutil.ignore_patterns(".*_cache", "*.egg-info")
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name, ignore=ignore)
        elif (root / name).exists():
            shutil.copy2(root / name, target / name)


def run_tests(root: Path, tests: Sequence[str], *, jit: bool = True) -> int | None:
    """Exit code of pytest on these files of a copy, up to the first failure; None where they took too long."""
    paths = [str(root / part) for part in ("engine", "kernels", "models")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    environment |= {"NUMBA_DISABLE_JIT": "0" if jit else "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *(f"tests/{t}" for t in tests)]
    try:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode not in (PASSED, FAILED):
        raise SystemExit(f"pytest {' '.join(tests)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.returncode


def try_out(mutation: Mutation, root: Path) -> int | None:
    """What `run_tests` says of a copy with the mutation in it; the copy is then as it was."""
    path = mutation.place(root)
    original = path.read_bytes()
    status = path.stat()
    path.write_bytes(original.replace(mutation.find.encode(), mutation.replace.encode()))
    try:
        return run_tests(root, mutation.tests, jit=mutation.jit or PACKAGES[1] not in str(path))
    finally:
        path.write_bytes(original)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="of one mutation; repeatable")
    parser.add_argument("--list", action="store_true", help="names and places alone")
    parser.add_argument("--no-baseline", action="store_true", help="do not run the tests unchanged first")
    arguments = parser.parse_args()
    mutations = read()
    if unknown := set(arguments.only) - {mutation.name for mutation in mutations}:
        raise SystemExit(f"there is no mutation {', '.join(sorted(unknown))}; see --list")
    chosen = [mutation for mutation in mutations if not arguments.only or mutation.name in arguments.only]
    places = [mutation.place(ROOT).relative_to(ROOT) for mutation in chosen]
    if arguments.list:
        for mutation, place in zip(chosen, places, strict=True):
            print(f"{mutation.name:32} {place}")
        return 0
    survivors = []
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        root = Path(folder)
        copy(ROOT, root)
        every = sorted({test for mutation in chosen for test in mutation.tests})
        if not arguments.no_baseline and run_tests(root, every) != PASSED:
            raise SystemExit("the tests fail without any mutation; mend that first")
        for mutation in chosen:
            begun = time.monotonic()
            outcome = try_out(mutation, root)
            if outcome == PASSED:
                survivors.append(mutation.name)
            print(f"{VERDICTS[outcome]:8}  {mutation.name:36} {time.monotonic() - begun:5.0f} s", flush=True)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught; survived: {', '.join(survivors) or 'none'}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
