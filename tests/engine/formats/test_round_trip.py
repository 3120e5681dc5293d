"""What a writer wrote is read back as it was: text, spans, scores, language, words and further fields."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanport.errors import FormatError, UsageError
from spanport.formats import FORMATS, Read, find_format, read, write
from spanport.types import Sentence, Span
from spanport.words import with_words

LIBRARIES = {"parquet": "pyarrow", "datasets": "datasets", "spacy": "spacy"}
WHOLE = ("jsonl", "doccano", "label-studio", "csv", "tsv", "parquet", "arrow", "datasets", "docbin")
"""Formats that hold all of a sentence."""

WORDS = ("conll", "iob2", "conllu", "parquet-tags")
"""Formats that hold words and their labels."""

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=24)
plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5).filter(str.isprintable)
nested = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=2)
)
extras = st.none() | st.dictionaries(
    st.sampled_from(["id", "Quelle", "meta", "n"]), nested.filter(lambda value: value is not None)
)
kinds = st.sampled_from(["PER", "Ort", "ein Ding"])


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    text = draw(any_text)
    places = st.integers(0, len(text))
    cuts = sorted(
        {(start, end) for start, end in draw(st.lists(st.tuples(places, places), max_size=4)) if start < end}
    )
    spans = tuple(Span(start, end, draw(kinds), draw(st.none() | st.floats(0, 1))) for start, end in cuts)
    words = with_words(Sentence(text)).words if draw(st.booleans()) and text.isascii() and text.isprintable() else ()
    language = draw(st.sampled_from(["", "spa_Latn"]))
    return Sentence(text, language, words, spans, draw(extras) or None, tokenized=bool(words))


def again(sentences: list[Sentence], form: str, ending: str = "") -> list[Sentence]:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"a{ending}")
        assert write(path, sentences, form) == len(sentences)
        found = list(read(path, form))
        assert not list(Path(folder).glob("*.part")) + list(Path(folder).glob("*.made"))
    assert all(isinstance(item, Read) for item in found), found
    return [item.sentence for item in found if isinstance(item, Read)]


def library_of(form: str) -> None:
    extra = FORMATS[form].extra
    if extra:
        pytest.importorskip(LIBRARIES[extra], reason=f"the extra {extra} is not installed")


@pytest.mark.parametrize("form", WHOLE)
def test_whole_sentences(form: str) -> None:
    library_of(form)

    @settings(
        max_examples=3 if form == "datasets" else 40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(st.lists(sentences(), min_size=form == "datasets", max_size=6))
    def check(given_sentences: list[Sentence]) -> None:
        found = again(given_sentences, form)
        if form == "datasets":
            found = [untokenized(one, like=two) for one, two in zip(found, given_sentences, strict=True)]
        assert found == given_sentences

    check()


def untokenized(found: Sentence, like: Sentence) -> Sentence:
    """A data set always has tokens."""
    if like.tokenized:
        return found
    return Sentence(found.text, found.language, (), found.spans, found.extra)


@pytest.mark.parametrize("form", WORDS)
@settings(deadline=None)
@given(st.lists(sentences(), max_size=4))
def test_words_and_labels(form: str, given_sentences: list[Sentence]) -> None:
    library_of(form)
    kept = []
    for sentence in map(with_words, given_sentences):
        touched = tuple(
            Span(sentence.words[first][0], sentence.words[end - 1][1], label)
            for first, end, label in sentence.word_spans()
        )
        whole = Sentence(sentence.text, sentence.language, sentence.words, touched)
        try:
            assert FORMATS[form].encode is not None
            FORMATS[form].encode(whole)  # type: ignore[misc]
        except FormatError:
            continue
        kept.append(whole)
    for before, after in zip(kept, again(kept, form), strict=True):
        assert after.word_texts() == before.word_texts()
        assert after.word_spans() == before.word_spans()
        if form != "conll":
            assert after.text == before.text


PACKED = [".jsonl.gz", ".jsonl.zst", ".json.gz", ".conll.gz", ".parquet.gz", ".arrow.zst", ".spacy.gz"]


@pytest.mark.parametrize("ending", PACKED)
def test_compressed(ending: str) -> None:
    if ending.endswith(".zst"):
        pytest.importorskip("zstandard", reason="the extra zst is not installed")
    form = find_format(f"a{ending}").name
    library_of(form)
    sentence = Sentence("Ana vive", words=((0, 3), (4, 8)), spans=(Span(0, 3, "PER"),), tokenized=True)
    assert again([sentence] * 3, form, ending) == [sentence] * 3


@pytest.mark.parametrize("ending", [".jsonl.gz", ".parquet.gz", ".arrow.gz", ".spacy.gz"])
def test_a_compressed_file_that_breaks_off(tmp_path: Path, ending: str) -> None:
    library_of(find_format(f"a{ending}").name)
    path = tmp_path / f"a{ending}"
    write(path, [Sentence("Ana")])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises((FormatError, UsageError), match="is not a whole gzip file"):
        list(read(path))
    with pytest.raises(UsageError):
        list(read(tmp_path / f"b{ending}"))


def test_brat(tmp_path: Path) -> None:
    first = Sentence("Ana\nvive en 😀 Lugo.", spans=(Span(0, 3, "PER"), Span(14, 18, "LOC")), extra={"id": "b"})
    second = Sentence("", extra={"id": "a/../c"})
    path = tmp_path / "brat"
    assert write(path, [first, second], "brat") == 2
    found: list[Any] = list(read(path))
    assert [item.sentence for item in found] == [Sentence("", extra={"id": "000002-1"}), first]


def test_gliner(tmp_path: Path) -> None:
    import json

    sentence = Sentence("Ana Ruiz vive", spans=(Span(0, 8, "PER"),))
    write(tmp_path / "g.json", [sentence, Sentence("")], "gliner")
    assert json.loads((tmp_path / "g.json").read_bytes()) == [
        {"tokenized_text": ["Ana", "Ruiz", "vive"], "ner": [[0, 1, "PER"]]},
        {"tokenized_text": [], "ner": []},
    ]
