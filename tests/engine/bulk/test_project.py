"""The bulk path writes what the ordinary path writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import FakeModels
from spanport import Engine, Pair, Projection
from spanport.bulk import feeds, is_plain, project_files
from spanport.errors import LengthMismatchError, UsageError
from spanport.formats import Rejected, parallel, read, read_alignments
from spanport.formats.conll import encode_conll_projection
from spanport.formats.records import shown
from spanport.output import Reject
from spanport.systems import make_system

SOURCE = "Ana B-PER\nRuiz I-PER\nlives O\nin O\nLima B-LOC\n\nAna I-PER\n\n\nGo O\n"
TARGET = "Ana X B-PER\nRuiz X O\nvive X O\nen X O\nLima X O\n\nAna X NO\n\n\n! X O\n"
LINKS = "0-0 1-1 2-2 3-3 4-4\n0-0\n\n0-0\n"


def write(folder: Path, source: str | bytes, target: str | bytes, links: str | bytes) -> tuple[str, str, str]:
    paths = []
    for name, data in (("s.conll", source), ("t.conll", target), ("l.pharaoh", links)):
        path = folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        paths.append(str(path))
    return paths[0], paths[1], paths[2]


Made = tuple[int, bytes, list[Reject]]
Paths = tuple[str, str, str]
SYSTEMS: list[tuple[str, Any]] = [
    ("ngram", {"score": "pairs"}),
    ("ngram", {"score": "covered", "solver": "greedy"}),
    ("heuristic", {"threshold": None}),
    ("span-filling", {}),
    ("easy-label-projection", {}),
    ("aligned-ranges", {}),
    ("ilp", {"count": 2}),
]


def ordinarily(paths: Paths, system: str = "ngram", options: Any = None, skip: int = 0) -> Made:
    """How many records there are, the bytes and the rejects, by readers, engine and writer."""
    rows = list(
        parallel(("s", read(paths[0])), ("t", read(paths[1], labels=False)), ("l", read_alignments(paths[2])))
    )[skip:]
    output, rejects = b"", []
    engine = Engine(FakeModels())  # type: ignore[arg-type]
    for row in rows:
        error: object = next((item.error for item in row if isinstance(item, Rejected)), None)
        if error is None:
            pair = Pair(row[0].sentence, row[1].sentence, row[2].alignment)
            (error,) = engine.project([pair], system=system, aligned=True, options=options, on_error="return")
        if isinstance(error, Projection):
            output += encode_conll_projection(error)
        else:
            assert isinstance(error, Exception)
            rejects.append(Reject.of(row[0].line, error, shown(row), paths[0]))
    return len(rows), output, rejects


def in_bulk(paths: Paths, system: str = "ngram", options: Any = None, skip: int = 0) -> Made:
    """The same of all parts."""
    parts = list(project_files(*paths, make_system(system, options), skip=skip))
    return (
        sum(part.records for part in parts),
        b"".join(part.output for part in parts),
        [reject for part in parts for reject in part.rejects],
    )


def test_labels_columns_and_empty_sentences(tmp_path: Path) -> None:
    paths = write(tmp_path, SOURCE, TARGET, LINKS)
    (part,) = project_files(*paths)
    assert (part.records, part.line, part.rejects) == (4, 10, [])
    first = b"Ana\tX\tB-PER\nRuiz\tX\tI-PER\nvive\tX\tO\nen\tX\tO\nLima\tX\tB-LOC\n\n"
    assert part.output == first + b"Ana\tX\tB-PER\n\n" + b"\n" + b"!\tX\tO\n\n"
    assert in_bulk(paths) == ordinarily(paths)


@pytest.mark.parametrize(
    ("source", "target", "links"),
    [
        (SOURCE, TARGET, LINKS.replace("4-4", "4-9")),
        (SOURCE, TARGET, LINKS.replace("4-4", "-1-4")),
        (SOURCE, TARGET, LINKS.replace("4-4", "4p4")),
        (SOURCE.replace("in O", "in"), TARGET, LINKS),
        (SOURCE.replace("in O", "in Q-X"), TARGET, LINKS),
        (SOURCE, TARGET.replace("en X O", "en"), LINKS),
        (SOURCE, TARGET, LINKS.replace("3-3", "3-3x")),
        (SOURCE.encode().replace(b"in", b"\xff"), TARGET, LINKS),
        (SOURCE.replace("\n", "\r\n"), "\ufeff" + TARGET, LINKS.replace("\n", "\r\n")),
        (SOURCE.replace("Lima B-LOC", "Lima E-LOC"), TARGET, LINKS),
        (SOURCE, TARGET.encode().replace(b"en X", b"\xff X"), LINKS),
        (SOURCE, TARGET, LINKS.replace("\n0-0", "\n\ufeff0-0", 1)),
        (SOURCE, TARGET, "\ufeff" + LINKS),
    ],
)
def test_odd_records_take_the_ordinary_path(tmp_path: Path, source, target, links) -> None:
    paths = write(tmp_path, source, target, links)
    results = in_bulk(paths)
    assert results == ordinarily(paths)
    assert results[0] == 4


WORDS = st.sampled_from(["Ana", "Lima", "!", "?", "é", "北京", "x"])
TAGS = st.sampled_from(["O", "O", "B-PER", "I-PER", "I-LOC", "S-ORG", "L-LOC"])
ROWS = st.lists(st.tuples(WORDS, TAGS), max_size=6)
SENTENCES = st.lists(
    st.tuples(
        ROWS, st.lists(WORDS, max_size=6), st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=8)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(
    sentences=SENTENCES,
    system=st.sampled_from(SYSTEMS),
    skip=st.integers(0, 3),
    window=st.integers(16, 80),
)
def test_same_bytes_whatever_the_window(tmp_path_factory, sentences, system, skip, window) -> None:
    source = "".join("".join(f"{w} {t}\n" for w, t in rows) + "\n" for rows, _, _ in sentences)
    target = "".join("".join(f"{w}\tO\n" for w in words) + "\n" for _, words, _ in sentences)
    links = "".join(" ".join(f"{i}-{j}" for i, j in pairs) + "\n" for _, _, pairs in sentences)
    paths = write(tmp_path_factory.mktemp("bulk"), source, target, links)
    patch = pytest.MonkeyPatch()
    patch.setattr(feeds, "WINDOW", window)
    try:
        assert in_bulk(paths, *system, skip) == ordinarily(paths, *system, skip)
    finally:
        patch.undo()


def test_files_of_different_lengths(tmp_path: Path) -> None:
    paths = write(tmp_path, SOURCE, TARGET, LINKS + "0-0\n0-0\n")
    parts = project_files(*paths)
    assert next(parts).records == 4
    with pytest.raises(LengthMismatchError, match=r"s\.conll has 4, .*t\.conll has 4, .*l\.pharaoh has 6"):
        next(parts)


def test_plain_files_only(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"")
    assert not is_plain(str(tmp_path / "a.gz"))
    assert not is_plain("-")


def test_a_table_is_refused(tmp_path: Path) -> None:
    paths = write(tmp_path, SOURCE, "text\tlabel\nAna vive\t1\n", LINKS)
    with pytest.raises(UsageError, match="looks like a table"):
        list(project_files(*paths))
