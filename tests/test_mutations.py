"""The list of mutations is kept up, and a mutation that tests catch is told from one that they do not."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def _load() -> Any:
    """The script, which lies in no package."""
    spec = spec_from_file_location("mutations", ROOT / "benchmarks" / "mutations.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["mutations"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mutations = _load()


@pytest.mark.slow
def test_each_of_the_list_has_its_place_and_its_tests() -> None:
    found = mutations.read()
    assert len(found) >= 40
    for mutation in found:
        assert mutation.find != mutation.replace
        assert mutation.place(ROOT).is_file()


def test_survivors_are_told_from_what_is_caught_and_the_copy_is_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "engine" / "spanport").mkdir(parents=True)
    source = tmp_path / "engine" / "spanport" / "made_up.py"
    source.write_text("def twice(n):\n    return 2 * n\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        f"import sys\nsys.path.insert(0, {str(source.parent)!r})\nimport made_up\n\n\n"
        "def test_twice():\n    assert made_up.twice(2) == 4\n"
    )
    for replace, verdict in (("n**2", "SURVIVED"), ("3 * n", "caught")):
        mutation = mutations.Mutation("m", "2 * n", replace, ("test_a.py",))
        assert mutations.VERDICTS[mutations.try_out(mutation, tmp_path)] == verdict
        assert "2 * n" in source.read_text()
    for find, test, message in (
        ("5 * n", "test_a.py", "m: '5 \\* n' stands in 0 places"),
        ("n", "test_a.py", "m: 'n' stands in 3 places"),
        ("2 * n", "test_b.py", "m: there is no tests/test_b.py"),
    ):
        with pytest.raises(SystemExit, match=message):
            mutations.Mutation("m", find, "0", (test,)).place(tmp_path)
