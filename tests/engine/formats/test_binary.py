"""Binary files of other libraries, and these libraries on our files: Arrow, datasets, spaCy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from foreign_cases import GIVEN, NESTED, TEXT, rejected, sentences
from spanport.errors import FormatError, UsageError
from spanport.formats import Read, Rejected, read, write
from spanport.types import Sentence, Span


class TestArrow:
    @pytest.fixture(autouse=True)
    def _library(self) -> None:
        self.pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
        self.pq = pytest.importorskip("pyarrow.parquet")

    def table(self, path: Path, columns: dict[str, Any], **options: Any) -> Path:
        self.pq.write_table(self.pa.table(columns), path, **options)
        return path

    @pytest.mark.parametrize("column", [[7], ["x"], [{"start": 0}]])
    @pytest.mark.parametrize("named", [True, False])
    def test_labels_of_another_type_are_refused_at_once(self, tmp_path: Path, column: list[Any], named: bool) -> None:
        path = self.table(tmp_path / "a.parquet", {"text": ["Ana"], "found" if named else "spans": column})
        options = {"labels_column": "found"} if named else {}
        with pytest.raises(UsageError, match="expected a list of spans, or of a label per token"):
            read(path, **options)
        assert [one.text for one in sentences(path, labels=False)] == ["Ana"]

    def test_pyarrow_reads_what_we_write(self, tmp_path: Path) -> None:
        write(tmp_path / "a.parquet", GIVEN)
        rows = self.pq.read_table(tmp_path / "a.parquet").to_pylist()
        assert [row["text"] for row in rows] == [sentence.text for sentence in GIVEN]
        assert rows[0]["id"] == 1
        assert rows[0]["spans"][1] == {"start": 18, "end": 22, "label": "LOC", "text": "Lugo", "score": 0.75}
        write(tmp_path / "a.feather", GIVEN)
        feather = pytest.importorskip("pyarrow.feather")
        assert feather.read_table(tmp_path / "a.feather").to_pylist() == rows

    def test_tags_of_hugging_face_have_names(self, tmp_path: Path) -> None:
        info = {"info": {"features": {"ner_tags": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}}}}}
        table = self.pa.table({"tokens": [["Ana", "vive"], ["x"]], "ner_tags": [[1, 0], [7]]})
        self.pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(info)}), tmp_path / "a.parquet")
        first, second = read(tmp_path / "a.parquet")
        assert isinstance(first, Read)
        assert first.sentence.span_texts() == [("PER", "Ana")]
        assert isinstance(second, Rejected)
        assert "column 'ner_tags' holds 7, expected numbers from 0 to 1" in str(second.error)
        self.pq.write_table(table, tmp_path / "b.parquet")
        with pytest.raises(UsageError, match="holds numbers, and the file does not say of which labels"):
            read(tmp_path / "b.parquet")
        assert sentences(tmp_path / "b.parquet", labels=False)[0].text == "Ana vive"

    def test_columns_by_name(self, tmp_path: Path) -> None:
        path = self.table(
            tmp_path / "a.parquet",
            {"body": ["Ana", None], "marks": [[{"start": 0, "end": 3, "label": "PER"}], None], "n": [1, 2]},
        )
        first, second = read(path, text_column="body", labels_column="marks")
        assert isinstance(first, Read)
        assert first.sentence == Sentence("Ana", spans=(Span(0, 3, "PER"),), extra={"n": 1})
        assert isinstance(second, Rejected)
        assert (second.line, str(second.error)) == (2, "the text is null")
        with pytest.raises(
            UsageError, match=r"neither a column 'text' nor 'tokens', but body, marks, n; name the one"
        ):
            read(path)
        with pytest.raises(UsageError, match=r"no column 'texto' .--text-column.; it has body, marks, n"):
            read(path, text_column="texto")
        with pytest.raises(UsageError, match=r"column 'n' of .* is of type int64, expected text"):
            read(path, text_column="n")

    def test_offsets_past_the_text_name_their_row(self, tmp_path: Path) -> None:
        spans = [[{"start": 0, "end": 3, "label": "X"}], [{"start": 0, "end": 9, "label": "X"}]]
        (bad,) = rejected(self.table(tmp_path / "a.parquet", {"text": ["Ana", "Ana"], "spans": spans}))
        assert (bad.line, bad.error.line) == (2, 2)
        assert "runs past the text" in str(bad.error)

    def test_a_corrupted_row_group_loses_its_rows_alone(self, tmp_path: Path) -> None:
        texts = [f"{i}" * 50 for i in range(30)]
        path = self.table(
            tmp_path / "a.parquet", {"text": texts}, row_group_size=10, compression="zstd", use_dictionary=False
        )
        chunk = self.pq.ParquetFile(path).metadata.row_group(1).column(0)
        data = bytearray(path.read_bytes())
        at = chunk.data_page_offset
        data[at : at + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
        path.write_bytes(data)
        found = list(read(path))
        assert [item.line for item in found] == list(range(1, 31))
        assert [isinstance(item, Rejected) for item in found] == [10 < n < 21 for n in range(1, 31)]
        assert "row 11 is in row group 1, which cannot be read" in str(rejected(path)[0].error)

    def test_what_is_no_table_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.parquet").write_bytes(b"no table")
        (tmp_path / "a.arrow").write_bytes(b"no table")
        for name in ("a.parquet", "a.arrow"):
            with pytest.raises(UsageError, match="cannot be read as"):
                read(tmp_path / name)
        with pytest.raises(UsageError, match="is read from a file, not from a stream"):
            read("-", "parquet")

    def test_nulls_are_nulls_of_the_type_of_their_column(self, tmp_path: Path) -> None:
        values: list[dict[str, Any]] = [{"n": float("nan"), "x": None}, {"n": 1.5, "x": None}, {}]
        write(tmp_path / "a.parquet", [Sentence("Ana", extra=extra) for extra in values])
        table = self.pq.read_table(tmp_path / "a.parquet")
        assert (table.schema.field("n").type, table.schema.field("x").type) == (self.pa.float64(), self.pa.null())
        assert table["n"].to_pylist() == [None, 1.5, None]
        assert [one.extra for one in sentences(tmp_path / "a.parquet")] == [None, {"n": 1.5}, None]

    @pytest.mark.parametrize(
        ("early", "late", "kind"),
        [
            (1, 1.5, "double"),
            (1.5, 1, "double"),
            (1, 2**40, "int64"),
            (2**60, 1.5, "string"),
            (True, 1, "string"),
            ([], ["a"], "list<element: string>"),
            ([{"k": None}], [{"k": [1]}], "list<element: struct<k: list<element: int64>>>"),
            ({"k": 1}, {"j": 1}, "string"),
            ("a", 1, "string"),
        ],
    )
    def test_a_type_that_holds_early_and_late_values(self, tmp_path: Path, early: Any, late: Any, kind: str) -> None:
        extras = [{"x": early}] * 1024 + [{"x": late}]  # the types of so many records are found out at once
        write(tmp_path / "a.parquet", [Sentence("Ana", extra=extra) for extra in extras])
        assert str(self.pq.read_schema(tmp_path / "a.parquet").field("x").type) == kind
        assert [one.extra for one in sentences(tmp_path / "a.parquet")] == extras

    def test_words_and_class_labels_alone(self, tmp_path: Path) -> None:
        datasets = pytest.importorskip("datasets", reason="the extra datasets is not installed")
        words = Sentence("Ana vive", words=((0, 3), (4, 8)), spans=(Span(0, 3, "PER", 0.5),), tokenized=True)
        write(tmp_path / "a.parquet", [words, words], "parquet-tags")
        data = datasets.Dataset.from_parquet(str(tmp_path / "a.parquet"), cache_dir=str(tmp_path / "cache"))
        assert data.column_names == ["tokens", "ner_tags"]
        assert data.features["ner_tags"].feature.names == ["O", "B-PER", "I-PER"]
        assert data[1] == {"tokens": ["Ana", "vive"], "ner_tags": [1, 0]}
        write(tmp_path / "b.parquet", GIVEN, "parquet-tags")
        rows = self.pq.read_table(tmp_path / "b.parquet").to_pylist()
        assert [row["text"] for row in rows] == [sentence.text for sentence in GIVEN]
        assert rows[0]["ner_tags"] == [3, 4, 0, 0, 1, 0]
        assert rows[0]["id"] == 1
        with pytest.raises(FormatError, match="a tag per word cannot say both"):
            write(tmp_path / "c.parquet", [NESTED], "parquet-tags")

    def test_arrow_streams_are_read(self, tmp_path: Path) -> None:
        table = self.pa.table({"text": ["Ana", "vive"]})
        with (
            self.pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file,
            self.pa.ipc.new_stream(file, table.schema) as out,
        ):
            out.write_table(table)
        assert [s.text for s in sentences(tmp_path / "a.arrow")] == ["Ana", "vive"]


def test_datasets_load_what_we_write(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra datasets is not installed")
    write(tmp_path / "d", [*GIVEN, NESTED], "datasets")
    data = datasets.load_from_disk(str(tmp_path / "d"))
    names = data.features["ner_tags"].feature.names
    assert names == ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]
    assert data[0]["tokens"] == ["Ana", "Ruiz", "vive", "en", "Lugo", "."]
    assert [names[tag] for tag in data[0]["ner_tags"]] == ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
    assert data[3]["ner_tags"] is None
    assert sentences(tmp_path / "d")[3].spans == NESTED.spans
    datasets.DatasetDict({"train": data}).save_to_disk(str(tmp_path / "dict"))
    with pytest.raises(UsageError, match=r"holds several splits; name one: .*train"):
        read(tmp_path / "dict")
    assert sentences(tmp_path / "dict" / "train", "datasets")[0].spans == GIVEN[0].spans


class TestDocBin:
    @pytest.fixture(autouse=True)
    def _library(self) -> None:
        self.spacy = pytest.importorskip("spacy", reason="the extra spacy is not installed")

    def documents(self, path: Path) -> list[Any]:
        from spacy.tokens import DocBin

        return list(DocBin().from_disk(path).get_docs(self.spacy.blank("es").vocab))

    def test_spacy_loads_what_we_write(self, tmp_path: Path) -> None:
        write(tmp_path / "a.spacy", [*GIVEN, NESTED])
        first, cut, empty, nested = self.documents(tmp_path / "a.spacy")
        assert [(ent.text, ent.label_) for ent in first.ents] == [("Ana Ruiz", "PER"), ("Lugo", "LOC")]
        assert [(ent.text, ent.label_) for ent in cut.ents] == [("Ana", "PER")]
        assert (first.text, cut.text, len(empty)) == (TEXT, "Lugo-Ana", 0)
        assert [(span.text, span.label_) for span in nested.spans["sc"]] == [(NESTED.text, "ORG"), ("Lugo", "LOC")]

    def test_documents_of_spacy_are_read(self, tmp_path: Path) -> None:
        from spacy.tokens import DocBin

        nlp = self.spacy.blank("es")
        doc = nlp("Ana vive en Lugo.")
        doc.set_ents([doc.char_span(0, 3, "PER")])
        other = nlp("Ana vive")
        other.spans["a"], other.spans["b"] = [other[:1]], [other[1:]]
        DocBin(docs=[doc, other]).to_disk(tmp_path / "a.spacy")
        first, second = read(tmp_path / "a.spacy")
        assert isinstance(first, Read)
        assert first.sentence.span_texts() == [("PER", "Ana")]
        assert first.sentence.word_texts() == ["Ana", "vive", "en", "Lugo", "."]
        assert isinstance(second, Rejected)
        assert "there are span groups a, b; rename the one to read to 'sc'" in str(second.error)

    def test_documents_that_spacy_cannot_make_are_rejected(self, tmp_path: Path) -> None:
        from spacy.tokens import DocBin

        nlp = self.spacy.blank("es")
        documents = DocBin(attrs=["LENGTH"], docs=[nlp("Ana vive"), nlp("Lima")])
        documents.attrs.remove(self.spacy.attrs.ORTH)
        documents.tokens = [rows[:, 1:] for rows in documents.tokens]
        documents.to_disk(tmp_path / "a.spacy")
        bad = rejected(tmp_path / "a.spacy")
        assert [item.line for item in bad] == [1, 2]
        assert "another version wrote them (ValueError" in str(bad[0].error)

    def test_what_spacy_cannot_read_is_refused(self, tmp_path: Path) -> None:
        import zlib

        for data in (b"", b"no file", zlib.compress(b"\x81\xa7version\xa31.0")):
            (tmp_path / "a.spacy").write_bytes(data)
            with pytest.raises(UsageError, match="perhaps because another version wrote it"):
                read(tmp_path / "a.spacy")
