"""Files of other tools in text, and these tools on our files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from foreign_cases import GIVEN, TEXT, rejected, sentences
from spanport.errors import FormatError, RuntimeMissingError, UsageError
from spanport.formats import Read, Rejected, read, write
from spanport.types import Sentence, Span


def test_label_studio_tasks(tmp_path: Path) -> None:
    region = {"id": "r1", "type": "labels", "value": {"start": 2, "end": 5, "text": "Ana", "labels": ["PER"]}}
    tasks: list[Any] = [
        {"id": 3, "data": {"text": "😀 Ana", "url": "x"}, "annotations": [{"result": [region]}]},
        {"data": {"text": "a"}, "annotations": [{"was_cancelled": True, "result": [region]}], "predictions": []},
        {"data": {"other": "a"}},
        {"data": {"text": "a"}, "predictions": [{"result": [{"type": "labels", "value": {"labels": ["A", "B"]}}]}]},
        {"word": "a"},
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


def test_label_studio_min(tmp_path: Path) -> None:
    region = {"start": 0, "end": 3, "text": "Ana", "labels": ["PER"]}
    task = {"id": 7, "text": "Ana vive", "label": [region], "annotator": 1}
    bare = {"id": 8, "text": "Nada", "annotator": 1}
    (tmp_path / "min.json").write_text(
        json.dumps([task, bare, {**task, "label": [{**region, "labels": []}]}, {"ner": 1}])
    )
    first, second, *bad = read(tmp_path / "min.json")
    assert isinstance(first, Read)
    assert isinstance(second, Read)
    assert (first.sentence.span_texts(), first.sentence.extra) == ([("PER", "Ana")], {"id": 7, "annotator": 1})
    assert (second.sentence.text, second.sentence.spans) == ("Nada", ())
    assert ["has the labels []" in str(bad[0].error), "as in its JSON-MIN" in str(bad[1].error)] == [True, True]
    (tmp_path / "named.json").write_text(json.dumps([{"body": "Ana vive", "ner": [region]}]))
    (named,) = read(tmp_path / "named.json", text_column="body", labels_column="ner")
    assert isinstance(named, Read)
    assert named.sentence.span_texts() == [("PER", "Ana")]
    cell = json.dumps([region]).replace('"', '""')
    (tmp_path / "export.csv").write_text(f'annotator,id,label,text\n1,7,"{cell}",Ana vive\n')
    assert [s.span_texts() for s in sentences(tmp_path / "export.csv")] == [[("PER", "Ana")]]


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
    (tmp_path / "e.ann").write_text("T1\tPER 0 3\tAna\n")
    first, second, third, fourth, textless = read(tmp_path)
    assert isinstance(textless, Rejected)
    assert "e.txt: No such file" in str(textless.error)
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
    assert second.record == "Alone"
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
