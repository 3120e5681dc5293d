"""Files of other tools, and other tools on our files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spanport.errors import FormatError, RuntimeMissingError, UsageError
from spanport.formats import Read, Rejected, read, write
from spanport.types import Sentence, Span

TEXT = "Ana Ruiz vive en  Lugo."
GIVEN = [
    Sentence(TEXT, "spa_Latn", spans=(Span(0, 8, "PER", 0.5), Span(18, 22, "LOC", 0.75)), extra={"id": 1}),
    Sentence("Lugo-Ana", "spa_Latn", spans=(Span(5, 8, "PER"),)),
    Sentence("", "spa_Latn"),
]
NESTED = Sentence("Universidad de Lugo", spans=(Span(0, 19, "ORG"), Span(15, 19, "LOC")))


def sentences(path: Path, form: str | None = None, **options: Any) -> list[Sentence]:
    found = list(read(path, form, **options))
    assert all(isinstance(item, Read) for item in found), found
    return [item.sentence for item in found if isinstance(item, Read)]


def rejected(path: Path, form: str | None = None, **options: Any) -> list[Rejected]:
    return [item for item in read(path, form, **options) if isinstance(item, Rejected)]


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
        assert "holds numbers, which have no names here" in str(rejected(tmp_path / "b.parquet")[0].error)

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


def test_label_studio_tasks(tmp_path: Path) -> None:
    region = {"id": "r1", "type": "labels", "value": {"start": 2, "end": 5, "text": "Ana", "labels": ["PER"]}}
    tasks: list[Any] = [
        {"id": 3, "data": {"text": "😀 Ana", "url": "x"}, "annotations": [{"result": [region]}]},
        {"data": {"text": "a"}, "annotations": [{"was_cancelled": True, "result": [region]}], "predictions": []},
        {"data": {"other": "a"}},
        {"data": {"text": "a"}, "predictions": [{"result": [{"type": "labels", "value": {"labels": ["A", "B"]}}]}]},
        {"text": "a"},
    ]
    (tmp_path / "a.json").write_text(json.dumps(tasks))
    first, second, *bad = read(tmp_path / "a.json")
    assert isinstance(first, Read)
    assert first.sentence == Sentence("😀 Ana", spans=(Span(2, 5, "PER"),), extra={"id": 3, "url": "x"})
    assert isinstance(second, Read)
    assert second.sentence == Sentence("a")
    reasons = [str(item.error) for item in bad if isinstance(item, Rejected)]
    assert [item.line for item in bad] == [3, 4, 5]
    assert "data.text is None, expected the text; name its field" in reasons[0]
    assert "has the labels ['A', 'B'], expected exactly one" in reasons[1]
    assert "not a Label Studio task" in reasons[2]
    region["value"].update(start=3, end=6)  # type: ignore[attr-defined]
    (tmp_path / "b.json").write_text(json.dumps(tasks[:1]))
    assert "not bytes or UTF-16 units" in str(rejected(tmp_path / "b.json")[0].error)
    assert sentences(tmp_path / "b.json", offsets="utf16") == [first.sentence]
    (tmp_path / "c.json").write_text("[{]")
    with pytest.raises(UsageError, match="no list of Label Studio tasks"):
        read(tmp_path / "c.json")


def test_label_studio_predictions_have_scores_and_context(tmp_path: Path) -> None:
    write(tmp_path / "a.json", GIVEN[:1])
    (task,) = json.loads((tmp_path / "a.json").read_bytes())
    assert task["data"]["text"] == TEXT
    (prediction,) = task["predictions"]
    assert prediction["score"] == 0.625
    assert [region["score"] for region in prediction["result"]] == [0.5, 0.75]
    assert prediction["result"][0]["value"] == {"start": 0, "end": 8, "text": "Ana Ruiz", "labels": ["PER"]}
    assert {region["from_name"] for region in prediction["result"]} == {"label"}


def test_tables_of_text(tmp_path: Path) -> None:
    data = 'text;ner;n\n"Ana ""la"" vive;\nsí";x;1\nLugo;;"a\nb;c\n'
    (tmp_path / "a.csv").write_text(data)
    first, *bad = read(tmp_path / "a.csv")
    assert isinstance(first, Read)
    assert first.sentence == Sentence('Ana "la" vive;\nsí', extra={"ner": "x", "n": 1})
    assert [(item.line, isinstance(item, Rejected)) for item in bad] == [(4, True), (5, True)]
    assert "the row has 2 cells, its header 3" in str(bad[1].error)  # type: ignore[union-attr]
    (tmp_path / "b.tsv").write_text('tokens\tner_tags\nAna vive\tB-PER O\n["a"]\t["O"]\n')
    assert [s.span_texts() for s in sentences(tmp_path / "b.tsv")] == [[("PER", "Ana")], []]
    (tmp_path / "c.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="has no column 'text' or 'tokens'; its first line names a, b"):
        read(tmp_path / "c.csv")


def test_brat_documents(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ana Ruiz\nvive")
    (tmp_path / "a.ann").write_text("T1\tPER 0 8\tAna Ruiz\nR1\tKnows Arg1:T1 Arg2:T1\n")
    (tmp_path / "b.txt").write_text("Ana Ruiz")
    (tmp_path / "b.ann").write_text("T1\tPER 0 3;4 8\tAna Ruiz\n")
    (tmp_path / "c.txt").write_text("Ana")
    (tmp_path / "d.txt").write_text("😀 Ana")
    (tmp_path / "d.ann").write_text("T1\tPER 3 6\tAna\n")
    first, second, third, fourth = read(tmp_path)
    assert isinstance(first, Read)
    assert first.sentence.span_texts() == [("PER", "Ana Ruiz")]
    assert first.sentence.extra == {"id": "a", "brat": ["R1\tKnows Arg1:T1 Arg2:T1"]}
    assert isinstance(second, Rejected)
    assert "is discontinuous" in str(second.error)
    assert isinstance(third, Read)
    assert isinstance(fourth, Rejected)
    assert "says 'Ana' but the text there is" in str(fourth.error)
    (one,) = read(tmp_path / "a.ann", offsets="utf16")
    assert isinstance(one, Read)
    with pytest.raises(UsageError, match="holds no brat document"):
        read(tmp_path / "none.ann")


TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header/><body>
<tu><tuv xml:lang="en"><seg>Ana <bpt i="1">&lt;b&gt;</bpt>lives<hi> in Lugo</hi> &amp; sings</seg></tuv>
<tuv xml:lang="es-419"><seg>Ana vive en Lugo y canta</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>Alone</seg></tuv></tu>
</body></tmx>
"""


def test_tmx(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    path.write_text(TMX)
    assert [s.text for s in sentences(path, language="en")] == ["Ana lives in Lugo & sings", "Alone"]
    first, second = read(path, language="es")
    assert isinstance(first, Read)
    assert (first.sentence.text, first.sentence.language) == ("Ana vive en Lugo y canta", "spa_Latn")
    assert isinstance(second, Rejected)
    assert (second.line, "has no segment in spa_Latn; it has en" in str(second.error)) == (6, True)
    with pytest.raises(UsageError, match="name the one to read with --lang"):
        read(path)


def test_entities_of_tmx_are_not_expanded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tmx"
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    path.write_text(f'<!DOCTYPE tmx [<!ENTITY l0 "ha">{levels}]><tmx><tu><tuv><seg>&l9;</seg></tuv></tu></tmx>')
    with pytest.raises(FormatError, match="declares the entity 'l0'"):
        list(read(path, language="en"))
    path.write_text('<!DOCTYPE tmx [<!ENTITY x SYSTEM "file:///etc/passwd">]><tmx>&x;</tmx>')
    with pytest.raises(FormatError, match="declares the entity 'x'"):
        list(read(path, language="en"))
    path.write_text("<tmx><tu>")
    with pytest.raises(FormatError, match="is not well-formed"):
        list(read(path, language="en"))


CONLLU = """# sent_id = 1
# text = Vive del aire.
1\tVive\tvivir\tVERB\t_\t_\t0\troot\t_\t_
2-3\tdel\t_\t_\t_\t_\t_\t_\t_\t_
2\tde\tde\tADP\t_\t_\t4\tcase\t_\t_
3\tel\tel\tDET\t_\t_\t4\tdet\t_\tNER=B-X
4\taire\taire\tNOUN\t_\t_\t1\tobl\t_\tNER=I-X|SpaceAfter=No
4.1\tnada\t_\t_\t_\t_\t_\t_\t_\t_
5\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\tSpaceAfter=No

"""


def test_conllu(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text(CONLLU + CONLLU.replace("NER=B-X", "NER=X") + CONLLU.replace("5\t.", "?\t."))
    first, *bad = read(path)
    assert isinstance(first, Read)
    assert first.sentence.text == "Vive del aire."
    assert first.sentence.word_texts() == ["Vive", "del", "aire", "."]
    assert first.sentence.span_texts() == [("X", "del aire")]
    reasons = [str(item.error) for item in bad if isinstance(item, Rejected)]
    assert "label 'X' of word 1" in reasons[0]
    assert "'?' is no word number" in reasons[1]
    write(tmp_path / "b.conllu", [first.sentence])
    again = (tmp_path / "b.conllu").read_text()
    assert again.count("NER=") == 2
    assert "2-3\tdel\t_\t_\t_\t_\t_\t_\t_\tNER=B-X" in again
    assert sentences(tmp_path / "b.conllu")[0].spans == first.sentence.spans


def test_a_missing_library_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for module in ("pyarrow", "pyarrow.parquet", "spacy", "datasets", "zstandard"):
        monkeypatch.setitem(sys.modules, module, None)
    for name, extra in (("a.parquet", "parquet"), ("a.spacy", "spacy"), ("a.jsonl.zst", "zst")):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(RuntimeMissingError, match=rf"pip install 'spanport\[{extra}\]'"):
            list(read(tmp_path / name))
    with pytest.raises(RuntimeMissingError, match=r"spanport\[datasets\]"):
        write(tmp_path / "d", GIVEN, "datasets")
