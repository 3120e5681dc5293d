"""The recorded bundles are small, whole, and a pipeline that labels: what every other test here rests on."""

from pathlib import Path

from spanport import Engine, Sentence
from spanport_models import assemble_pipeline, verify_bundle


def test_they_are_small(recorded: Path) -> None:
    assert sum(file.stat().st_size for file in recorded.rglob("*") if file.is_file()) < 200_000


def test_they_are_intact_and_label_text_of_a_language_they_have(recorded: Path, tmp_path: Path) -> None:
    parts = {role: recorded / role for role in ("encoder", "translator")}
    folder = assemble_pipeline(tmp_path / "tiny", name="tiny", **parts)
    assert verify_bundle(folder) == [folder, folder / "encoder", folder / "translator"]
    texts = ["Marta Oliveira vive en Lisboa .", "", "Ana"]
    with Engine.from_bundle(str(folder), device="cpu", threads=1) as engine:
        results = list(engine.label(texts, lang="spa_Latn", system="ngram"))
        alone = list(engine.label(texts[2:], lang="spa_Latn", system="ngram"))
    assert [result.target.text for result in results] == texts
    assert isinstance(results[0].source, Sentence)
    assert results[0].source.text
    assert results[2].spans == alone[0].spans
    labels = {span.label for result in results for span in result.source.spans}
    assert labels <= {"PER", "LOC"}
