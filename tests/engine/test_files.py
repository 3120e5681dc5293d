from __future__ import annotations

from pathlib import Path

import pytest

import spanport
from spanport import ProjectedSpan, Projection, RecordError, Sentence, Span
from spanport.errors import SpanError, UsageError

ANA = Sentence("Ana vive", "spa_Latn", ((0, 3), (4, 8)), (Span(0, 3, "PER", 0.5),), tokenized=True)


def test_any_format_there_and_back(tmp_path: Path) -> None:
    for ending in (".jsonl", ".csv", ".json", ".jsonl.gz"):
        path = tmp_path / f"a{ending}"
        assert spanport.write(path, iter([ANA, ANA])) == 2
        assert list(spanport.read(path)) == [ANA, ANA]
        with pytest.raises(UsageError, match="is there already; pass replace=True"):
            spanport.write(path, [ANA])
        assert spanport.write(path, [ANA], replace=True) == 1
    assert len(list(spanport.read(tmp_path / "*.jsonl*"))) == 2
    (renamed,) = spanport.read(tmp_path / "a.csv", lang="it", map_labels={"PER": "PERSON"})
    assert isinstance(renamed, Sentence)
    assert (renamed.spans[0].label, renamed.language) == ("PERSON", "spa_Latn")
    assert next(spanport.read(tmp_path / "a.csv", labels=False)).spans == ()  # type: ignore[union-attr]


def test_a_bad_record_raises_at_its_place_or_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b", "spans": [[0, 9, "X"]]}\n{"text": "c"}\n')
    found = list(spanport.read(path, on_error="return"))
    assert [isinstance(item, RecordError) for item in found] == [False, True, False]
    results = spanport.read(path)
    assert next(results) == Sentence("a")
    with pytest.raises(SpanError, match="runs past the text"):
        next(results)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    nested = Sentence("ab", spans=(Span(0, 2, "X"), Span(0, 1, "Y")))
    with pytest.raises(RecordError, match="a tag per word cannot say both"):
        spanport.write(tmp_path / "a.conll", [ANA, nested])
    assert not list(tmp_path.iterdir())


def test_what_is_replaced_is_what_was_written(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the extra datasets is not installed")
    place = tmp_path / "here"
    for format, reads in (("jsonl", "jsonl"), ("datasets", None), ("datasets", None), ("csv", "csv")):
        spanport.write(place, [ANA], format, replace=True)
        assert [sentence.text for sentence in spanport.read(place, reads)] == [ANA.text]
    home = tmp_path / "home"
    home.mkdir()
    spanport.write(home, [ANA], "datasets", replace=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("years of work")
    for format in ("datasets", "csv"):
        with pytest.raises(UsageError, match="holds other files than a data set, which would be lost"):
            spanport.write(tmp_path / "full", [ANA], format, replace=True)
    assert (tmp_path / "full/thesis.txt").read_text() == "years of work"


def test_projections_in_other_forms(tmp_path: Path) -> None:
    source = Sentence("Anna lives", "eng_Latn", spans=(Span(0, 4, "PER"),))
    projection = Projection(ANA, (ProjectedSpan(0, 3, "PER", 0.75, source.spans[0]),), source)
    assert projection.text == "Ana vive"
    assert projection.spans[0].text_of(projection.target) == "Ana"
    assert source.spans[0].text_of(source) == "Anna"
    assert projection.to_iob2() == [("Ana", "B-PER"), ("vive", "O")]
    record = projection.to_dict()
    assert record["spans"][0]["source"] == {"start": 0, "end": 4, "label": "PER", "text": "Anna"}
    assert record["projection"] == {"status": "optimal", "source": "Anna lives", "source_language": "eng_Latn"}
    spanport.write(tmp_path / "a.json", [projection])
    (found,) = spanport.read(tmp_path / "a.json")
    assert isinstance(found, Sentence)
    assert found.spans == (Span(0, 3, "PER", 0.75),)
