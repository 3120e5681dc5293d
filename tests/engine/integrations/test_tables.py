from __future__ import annotations

from typing import Any

import pytest

from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport import Engine, RecordError
from spanport.errors import UsageError

TEXTS = ["Ana vive", "nada", "vive Ana"]
FOUND = [[("PER", "Ana")], [], [("PER", "Ana")]]


@pytest.fixture
def engine() -> Engine:
    encoder, translator = FakeEncoder({"Ana": "B-PER"}, {"lives": "vive"}), FakeTranslator({"vive": "lives"})
    return Engine(FakeModels(encoder, translator))  # type: ignore[arg-type]


def make(kind: str, columns: dict[str, list[Any]]) -> Any:
    library = pytest.importorskip(kind, reason=f"{kind} is not installed")
    return library.table(columns) if kind == "pyarrow" else library.DataFrame(columns)


def rows(kind: str, table: Any) -> list[dict[str, Any]]:
    found = {"pyarrow": "to_pylist", "polars": "to_dicts"}.get(kind)
    return getattr(table, found)() if found else table.to_dict("records")


@pytest.mark.parametrize("kind", ["pyarrow", "pandas", "polars"])
def test_the_same_kind_of_table_comes_back(engine: Engine, kind: str) -> None:
    table = make(kind, {"n": [1, 2, 3], "body": TEXTS})
    labelled = engine.label_table(table, column="body", lang="es")
    assert type(labelled) is type(table)
    found = rows(kind, labelled)
    assert [row["n"] for row in found] == [1, 2, 3]
    assert [[(span["label"], span["text"]) for span in row["spans"]] for row in found] == FOUND
    assert 0 < found[0]["spans"][0]["score"] <= 1
    with pytest.raises(UsageError, match="has a column 'spans' already"):
        engine.label_table(labelled, column="body", lang="es")
    assert len(rows(kind, engine.label_table(labelled, column="body", lang="es", into="other"))) == 3


def test_a_column_of_documents(engine: Engine) -> None:
    pytest.importorskip("sentencex", reason="the extra sentences is not installed")
    table = make("pyarrow", {"body": ["nada. Ana vive. Ana"]})
    (row,) = rows("pyarrow", engine.label_table(table, column="body", lang="es", sentences=True))
    assert [(span["start"], span["text"]) for span in row["spans"]] == [(6, "Ana"), (16, "Ana")]


@pytest.mark.parametrize("kind", ["pyarrow", "pandas", "polars"])
def test_a_null_is_an_error_that_names_its_row(engine: Engine, kind: str) -> None:
    table = make(kind, {"body": ["Ana", None]})
    with pytest.raises(RecordError, match=r"row 2 of column 'body': the record is None.*on_error='return' puts null"):
        engine.label_table(table, column="body", lang="es")
    first, second = rows(kind, engine.label_table(table, column="body", lang="es", on_error="return"))
    assert len(first["spans"]) == 1
    assert second["spans"] is None


def test_what_is_no_table_and_columns_that_are_missing(engine: Engine) -> None:
    with pytest.raises(UsageError, match="expected a table of pyarrow, pandas, polars, but got list"):
        engine.label_table(TEXTS, column="body", lang="es")
    with pytest.raises(UsageError, match="but got Series"):
        engine.label_table(make("pandas", {"n": [1]})["n"], column="body", lang="es")
    with pytest.raises(UsageError, match="has no column 'body'; it has n"):
        engine.label_table(make("pandas", {"n": [1]}), column="body", lang="es")
