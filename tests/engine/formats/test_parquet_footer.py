"""Parquet files one after the other, read as one by pyarrow and by a reader of another house."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanport.formats.arrow_writing import row_group, save_parquet_segments
from spanport.formats.parquet_footer import join_segments

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SCHEMA = pa.schema(
    {"words": pa.list_(pa.string()), "n": pa.int64(), "f": pa.float64(), "b": pa.bool_()}
    | {f"c{i}": pa.int32() for i in range(20)},
    metadata={"huggingface": "x" * 300},
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "words": st.none() | st.lists(st.sampled_from(["Ana", "北京", ""]), max_size=3),
            "n": st.none() | st.integers(-(2**63), 2**63 - 1),
            "f": st.floats(allow_nan=False),
            "b": st.booleans(),
            "c19": st.integers(0, 9),
        }
    ),
    max_size=4,
)


def written(path: Path, batches: list[list[dict[str, Any]]]) -> Any:
    """All rows, of which each list is a segment."""
    made = [pa.RecordBatch.from_pylist(rows, schema=SCHEMA) for rows in batches]
    path.with_suffix(".part").write_bytes(b"".join(row_group([batch]) for batch in made))
    save_parquet_segments(str(path), str(path.with_suffix(".part")))
    return pa.Table.from_batches(made, SCHEMA)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=5))
def test_rows_of_all_in_order(tmp_path_factory: pytest.TempPathFactory, batches: list[list[dict[str, Any]]]) -> None:
    path = tmp_path_factory.mktemp("segments") / "out.parquet"
    table = written(path, batches)
    file = pq.ParquetFile(path)
    assert file.metadata.num_rows == table.num_rows
    if table.num_rows:
        assert file.read().equals(table)
        assert file.schema_arrow.metadata == SCHEMA.metadata
        assert file.num_row_groups == sum(map(bool, batches))
        assert [group.to_pylist() for group in map(file.read_row_group, range(file.num_row_groups))] == [
            pa.RecordBatch.from_pylist(rows, schema=SCHEMA).to_pylist() for rows in batches if rows
        ]


def test_another_reader(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    table = written(tmp_path / "out.parquet", [[{"words": ["Ana"], "n": i}] * 3 for i in range(20)])
    found = polars.read_parquet(tmp_path / "out.parquet", use_pyarrow=False)
    assert found.to_dicts() == table.to_pylist()
    assert polars.scan_parquet(tmp_path / "out.parquet").filter(polars.col("n") == 17).collect().height == 3


def test_metadata_of_columns_moves_with_them(tmp_path: Path) -> None:
    written(tmp_path / "out.parquet", [[{"n": 1}], [{"n": 2}], [{"n": 3}]])
    groups = pq.ParquetFile(tmp_path / "out.parquet").metadata
    columns = [groups.row_group(i).column(1) for i in range(3)]
    assert [column.statistics.min for column in columns] == [1, 2, 3]
    places = [column.data_page_offset for column in columns]
    assert places == sorted(set(places))


def test_nothing_is_made_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert join_segments(str(tmp_path / "empty")) == 0
    assert not (tmp_path / "empty").read_bytes()
