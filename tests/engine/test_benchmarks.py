"""Public data sets by name: their files, whichever code a language is given by, and figures beside published ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from spanport.compare import BENCHMARKS, average, bare_words, benchmark_files, find_benchmark, published_on
from spanport.errors import UsageError
from spanport.formats.tokenized import sentence_of_words
from spanport.languages import resolve

LAYOUTS = {
    "masakhaner2": ("masakhaner2/{lang}/{part}.txt", "yor", "hau"),
    "conll": ("conll-parallel/original/{lang}.{part}.tsv", "es", "de"),
    "wikiann": ("wikiann/{lang}/{part}", "pt", "sw"),
    "uner": ("uner/{lang}_bosque-ud-{part}.iob2", "pt", "sk"),
    "europarl": ("europarl-ner/{lang}.{part}.conll02", "es", "it"),
}


def lay(name: str, root: Path, *codes: str) -> list[Path]:
    made = [root / LAYOUTS[name][0].format(lang=code, part="test") for code in codes]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Ana B-PER\nvive O\n\n")
    return made


@pytest.mark.parametrize("name", LAYOUTS)
def test_files_are_found_from_the_folder_or_the_one_above(name: str, tmp_path: Path) -> None:
    _, one, two = LAYOUTS[name]
    source = BENCHMARKS[name].source
    paths = lay(name, tmp_path, one, two, *([source] if source else []))
    own = paths[0].parent if name in ("conll", "uner", "europarl") else paths[0].parent.parent
    for folder in (tmp_path, own):
        assert benchmark_files(name, str(folder), []) == {
            code: str(path) for code, path in sorted(zip((one, two), paths[:2], strict=True))
        }
    assert benchmark_files(name, str(tmp_path), [resolve(two)]) == {two: str(paths[1])}


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    lay("uner", tmp_path, "pt", "sk")
    for name, languages, part, message in (
        ("uner", ["fr"], "test", "no test file of uner for fr; there are pt, sk"),
        ("uner", [], "dev", r"no dev files of uner: expected LANG_\*-ud-dev.iob2"),
        ("unner", [], "test", "unknown benchmark 'unner' .did you mean 'uner'"),
    ):
        with pytest.raises(UsageError, match=message):
            benchmark_files(name, str(tmp_path), languages, part)
    with pytest.raises(UsageError, match="no such folder; expected the files of uner"):
        benchmark_files("uner", str(tmp_path / "nothing"), [])


def test_every_benchmark_has_languages_that_we_know() -> None:
    for name, benchmark in BENCHMARKS.items():
        for figures in benchmark.published.values():
            assert all(resolve(code) and 0 < value < 1 for code, value in figures.items())
        assert bool(benchmark.published) == bool(benchmark.cited)
        assert find_benchmark(name) is benchmark


def test_wikianns_marks_go() -> None:
    marked = sentence_of_words(["pt:Ana", "pt:mora", "pt:em", "pt:Porto"], [(0, 1, "PER"), (3, 4, "LOC")], "por_Latn")
    bare = bare_words(marked, "pt")
    assert (bare.text, bare.span_texts()) == ("Ana mora em Porto", [("PER", "Ana"), ("LOC", "Porto")])
    assert bare_words(bare, "pt") is bare
    assert bare_words(sentence_of_words(["pt:", "pt:a"]), "pt").text == "pt: pt:a"


def test_means_count_languages_alike_and_only_where_all_are_there() -> None:
    rows = average({"ours": {"es": 0.8, "de": 0.6}, **published_on("conll", ["es", "de"]), "half": {"de": 0.5}})
    assert rows[0] == {"system": "ours", "es": "80.0", "de": "60.0", "mean": "70.0"}
    assert {row["system"]: row["mean"] for row in rows}["published: AdvPicker"] == "77.0"
    assert rows[-1] == {"system": "half", "es": "", "de": "50.0", "mean": ""}
    assert published_on("uner", ["pt"]) == {}
