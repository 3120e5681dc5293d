"""Formats on the command line: convert, many inputs, tables and other files as outputs of jobs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spanport.formats import Read, read, write
from spanport.types import Sentence, Span

ANA = Sentence("Ana vive en Lugo", spans=(Span(0, 3, "PER", 0.5), Span(12, 16, "LOC")), extra={"id": 7})
LINES = "Ana Ruiz vive en Sevilla\nllega a Sevilla\n"


def sentences(path: Path, form: str | None = None) -> list[Sentence]:
    return [item.sentence for item in read(path, form) if isinstance(item, Read)]


def rejects(path: Path) -> list[dict]:
    return [json.loads(line) for line in Path(f"{path}.rejects.jsonl").read_text().splitlines()]


def test_convert_there_and_back(cli, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [ANA] * 3)
    for source, target, more in [
        ("a.jsonl", "b.csv", []),
        ("b.csv", "c.json", []),
        ("c.json", "d", ["--to", "doccano"]),
        ("d", "e.jsonl.gz", ["--from", "doccano"]),
    ]:
        ran = cli("convert", tmp_path / source, tmp_path / target, *more)
        assert ran.code == 0, ran.err
        assert "3 records" in ran.err
    assert sentences(tmp_path / "e.jsonl.gz") == [ANA] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.csv", "c.json", "d", "e.jsonl.gz"]


def test_labels_are_renamed_and_dropped(cli, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [ANA])
    ran = cli("convert", tmp_path / "a.jsonl", tmp_path / "b.conll", "--map-labels", "PER=PERSON,LOC=")
    assert ran.code == 0, ran.err
    assert (tmp_path / "b.conll").read_text() == "Ana\tB-PERSON\nvive\tO\nen\tO\nLugo\tO\n\n"
    ran = cli("convert", tmp_path / "a.jsonl", tmp_path / "c.conll", "--map-labels", "PER")
    assert (ran.code, "'PER' is no pair; expected OLD=NEW" in ran.err) == (2, True)
    for more in ([], [tmp_path / "a.jsonl"]):
        ran = cli(
            "convert", tmp_path / "a.jsonl", *more, tmp_path / "d.conll", "--map-labels", "PRE=X,LOC=", "--fresh"
        )
        assert (ran.code, "warning: --map-labels PRE:" in ran.err, "it has LOC, PER" in ran.err) == (0, True, True)


def test_a_label_that_is_mapped_and_not_there_is_named(cli, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [ANA])
    (tmp_path / "b.txt").write_text("Ana lives in Lugo\n")
    (tmp_path / "l.pharaoh").write_text("0-0 1-1 2-2 3-3\n")
    command = ["project", "--source", tmp_path / "a.jsonl", "--target", tmp_path / "b.txt", "--target-lang", "en"]
    ran = cli(
        *command, "--alignments", tmp_path / "l.pharaoh", "-o", tmp_path / "c.conll", "--map-labels", "LOC=,ORG=X"
    )
    assert (ran.code, "warning: --map-labels ORG:" in ran.err) == (0, True), ran.err
    assert (tmp_path / "c.conll").read_text().startswith("Ana\tB-PER\n")


def test_several_files_and_folders_say_whose_record_is_rejected(cli, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.jsonl", [ANA])
    (folder / "b.jsonl").write_text('{"text": "Ana"}\n{"text": 1}\n')
    (folder / "notes.md").write_text("no data")
    for n, inputs in enumerate([[folder], [folder / "*.jsonl"], [folder / "a.jsonl", folder / "b.jsonl"]]):
        out = tmp_path / f"{n}.jsonl"
        ran = cli("convert", *inputs, out)
        assert ran.code == 1, ran.err
        assert [s.text for s in sentences(out)] == [ANA.text, "Ana"]
        (reject,) = rejects(out)
        assert (reject["line"], reject["file"]) == (2, str(folder / "b.jsonl"))
    write(folder / "c.conll", [ANA])
    assert "the inputs have different formats" in cli("convert", folder, tmp_path / "x.jsonl").err
    assert "no file is called like" in cli("convert", tmp_path / "*.xml", tmp_path / "x.jsonl").err
    (tmp_path / "empty").mkdir()
    assert "holds no file that can be read" in cli("convert", tmp_path / "empty", tmp_path / "x.jsonl").err


def test_a_folder_s_rejects_are_no_input(cli, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.csv", [ANA])
    (folder / "a.csv.rejects.jsonl").write_text('{"line":1}\n')
    ran = cli("convert", folder, tmp_path / "out.jsonl")
    assert (ran.code, len(sentences(tmp_path / "out.jsonl"))) == (0, 1), ran.err


def test_a_folder_of_other_things_is_not_replaced(cli, tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the extra datasets is not installed")
    write(tmp_path / "a.jsonl", [ANA])
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    ran = cli("convert", tmp_path / "a.jsonl", home, "--to", "datasets", "--fresh")
    assert (ran.code, "would be lost" in ran.err, (home / "thesis.txt").exists()) == (2, True, True)
    (tmp_path / "out").write_text("a file")
    assert cli("convert", tmp_path / "a.jsonl", tmp_path / "out", "--to", "datasets", "--fresh").code == 0
    assert [s.spans for s in sentences(tmp_path / "out", "datasets")] == [ANA.spans]


def test_what_a_format_cannot_hold_is_rejected(cli, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [ANA, Sentence("ab", spans=(Span(0, 2, "X"), Span(0, 1, "Y")))])
    ran = cli("convert", tmp_path / "a.jsonl", tmp_path / "b.conll")
    assert ran.code == 1
    assert "a tag per word cannot say both" in rejects(tmp_path / "b.conll")[0]["error"]


def test_offsets_in_other_units(cli, tmp_path: Path) -> None:
    rows = [{"text": "😀 Ana", "spans": [{"start": s, "end": s + 3, "label": "PER"}]} for s in (2, 3, 5)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for unit, good in (("codepoints", 1), ("utf16", 2), ("bytes", 3)):
        out = tmp_path / f"{unit}.jsonl"
        cli("convert", tmp_path / "a.jsonl", out, "--offsets", unit)
        found = [s.span_texts() for s in sentences(out)]
        assert [("PER", "Ana")] in found
        lines = {reject["line"] for reject in rejects(out)} if Path(f"{out}.rejects.jsonl").exists() else set()
        assert good not in lines
    (tmp_path / "b.jsonl").write_text(
        json.dumps({"text": "😀", "spans": [{"start": 1, "end": 4, "label": "X"}]}) + "\n"
    )
    cli("convert", tmp_path / "b.jsonl", tmp_path / "c.jsonl", "--offsets", "bytes")
    assert "has offset 1 inside a character" in rejects(tmp_path / "c.jsonl")[0]["error"]


@pytest.mark.parametrize("name", ["parquet", "datasets", "docbin", "label-studio"])
def test_label_from_a_table_into_other_formats(cli, tmp_path: Path, name: str) -> None:
    for library in {"parquet": ["pyarrow"], "datasets": ["datasets"], "docbin": ["spacy"]}.get(name, []):
        pytest.importorskip(library, reason=f"{library} is not installed")
    source = tmp_path / "in.csv"
    source.write_text("n,body\n1,Ana Ruiz vive en Sevilla\n2,llega a Sevilla\n")
    if name != "label-studio":
        parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
        table = pytest.importorskip("pyarrow.csv").read_csv(source)
        source.unlink()
        source = tmp_path / "in.parquet"
        parquet.write_table(table, source)
    out = tmp_path / "out"
    given = ["label", source, "--text-column", "body", "--lang", "es", "-o", out, "--to", name]
    ran = cli(*given)
    assert ran.code == 0, ran.err
    first, second = sentences(out, name)
    assert [label for label, _ in first.span_texts()] == ["PER", "LOC"]
    assert second.span_texts() == [("LOC", "Sevilla")]
    assert first.extra is not None
    assert first.extra["n"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [source.name, "out"]
    ran = cli(*given)
    assert (ran.code, "is there already" in ran.err) == (2, True)
    assert cli(*given, "--fresh").code == 0
    assert len(sentences(out, name)) == 2


def test_a_stopped_job_goes_on_to_a_format_that_is_made_at_its_end(cli, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "in.txt").write_text(LINES)
    given = ["label", tmp_path / "in.txt", "--lang", "es", "-o", tmp_path / "out.json"]
    with monkeypatch.context() as patch:
        patch.setattr("spanport.formats.labelstudio._task", lambda number, fields: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            cli(*given)
    assert {"out.json.part", "out.json.part.journal"} <= {path.name for path in tmp_path.iterdir()}
    ran = cli(*given)
    assert ran.code == 0, ran.err
    assert "resuming after the 2 records" in ran.err
    assert len(sentences(tmp_path / "out.json")) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.json"]


def test_a_labelled_file_without_a_label_is_a_warning(cli, tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text('{"text": "Ana"}\n')
    (tmp_path / "s.conll").write_text("Ana\tO\n\n")
    (tmp_path / "t.conll").write_text("Ana\tO\n\n")
    (tmp_path / "t.txt").write_text("Ana\n")
    (tmp_path / "l.pharaoh").write_text("0-0\n")
    for source, target in (("s.jsonl", "t.txt"), ("s.conll", "t.conll")):
        paths = ["--source", tmp_path / source, "--target", tmp_path / target, "--alignments", tmp_path / "l.pharaoh"]
        ran = cli("project", *paths, "-o", tmp_path / f"{source}.out.conll", "--format", "conll")
        assert ran.code == 0, ran.err
        assert f"warning: {tmp_path / source} has no label at all" in ran.err
    for command in (["evaluate", tmp_path / "s.conll"], ["compare", "--lang", "es"]):
        ran = cli(*command, tmp_path / "s.conll")
        assert f"warning: {tmp_path / 's.conll'} has no label at all" in ran.err
    (tmp_path / "s.jsonl").write_text('{"text": "Ana", "label": [[0, 3, "PER"]]}\n')
    paths = ["--source", tmp_path / "s.jsonl", "--target", tmp_path / "t.txt", "--alignments", tmp_path / "l.pharaoh"]
    assert "warning" not in cli("project", *paths, "-o", tmp_path / "x.conll").err


def test_a_format_that_is_one_way_is_refused(cli, tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [ANA])
    assert "'tmx' is read only" in cli("convert", tmp_path / "a.jsonl", tmp_path / "b.tmx").err
    assert "'gliner' is written only" in cli("convert", tmp_path / "a.jsonl", tmp_path / "b", "--from", "gliner").err
    assert "name it with -o" in cli("label", tmp_path / "a.jsonl", "--lang", "es", "--to", "csv").err
    assert "last, what to write" in cli("convert", tmp_path / "a.jsonl").err


def test_a_name_of_the_hub_is_an_input(cli, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "train.jsonl").write_text('{"tokens": ["Ana"], "ner_tags": ["B-PER"]}\n')
    ran = cli("convert", f"hf://{tmp_path}/news", tmp_path / "out.conll")
    assert (ran.code, (tmp_path / "out.conll").read_text()) == (0, "Ana\tB-PER\n\n"), ran.err
    ran = cli("convert", f"hf://{tmp_path}/news:dev", tmp_path / "dev.conll")
    assert (ran.code, "dev" in ran.err, "Traceback" in ran.err) == (2, True, False), ran.err


def test_sentences_of_documents_are_records(cli, tmp_path: Path) -> None:
    pytest.importorskip("sentencex")
    spans = [{"start": 0, "end": 3, "label": "PER"}, {"start": 21, "end": 25, "label": "LOC"}]
    (tmp_path / "in.jsonl").write_text(
        json.dumps({"text": "Ana vive aquí. ¿Y en Lima?", "spans": spans, "id": 7}) + "\n"
    )
    ran = cli("convert", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--sentences", "--lang", "es")
    assert (ran.code, "1 record in" in ran.err) == (0, True), ran.err
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (first["text"], first["id"], first["spans"][0]["text"]) == ("Ana vive aquí.", 7, "Ana")
    assert (second["text"], second["spans"][0]["start"], second["spans"][0]["text"]) == ("¿Y en Lima?", 6, "Lima")
