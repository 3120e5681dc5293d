"""Records packed into arrays and unpacked."""

from __future__ import annotations

import numpy as np
import pytest

from engine_sentences import sentence
from spanport.errors import AlignmentError
from spanport.matching.batch import pack, unpack
from spanport.types import Alignment, Span
from spanport.work import Work, with_links
from spanport_kernels.matching import UNMET, Matching


def work(source: str, target: str, *links: tuple[int, int]) -> Work:
    return Work(sentence(source), sentence(target, "spa_Latn"), alignment=Alignment(links))


def test_links_are_sorted_and_unique_and_those_that_are_stay_as_they_came() -> None:
    plain = work("[PER Ana] sleeps", "duerme Ana", (0, 1), (1, 0))
    odd = work("[PER Ana] sleeps", "duerme Ana", (1, 0), (0, 1), (1, 0))
    none = Work(plain.source, plain.target)
    done = with_links([plain, odd, none, work("a", "b")])
    assert [one.links.tolist() for one in done] == [[[0, 1], [1, 0]], [[0, 1], [1, 0]], [], []]
    assert done[0].alignment is plain.alignment
    assert done[1].alignment == Alignment(((0, 1), (1, 0)))
    assert done[2] is none


@pytest.mark.parametrize(("link", "what"), [((0, 2), "0-2: the target has 2"), ((-1, 0), "-1-0: the source has 1")])
def test_links_past_a_sentence_are_refused(link: tuple[int, int], what: str) -> None:
    with pytest.raises(AlignmentError, match=what):
        with_links([work("a b c", "a b c", (2, 2)), work("a", "b c", link)])


def test_entities_are_packed_by_words_and_spans_come_back_with_their_origin() -> None:
    works = with_links([work("x", "y"), work("[PER Ana] and [LOC Po]", "Po y Ana !", (0, 2), (2, 0))])
    batch = pack(works, [[], [Span(4, 7, "MISC", 0.5)]])
    assert batch.labels == ("PER", "LOC", "MISC")
    assert batch.entities.tolist() == [[0, 1, 0], [2, 3, 1], [1, 2, 2]]
    assert batch.entity_offsets.tolist() == [0, 0, 3]
    assert batch.target_words() == ["y", "Po", "y", "Ana", "!"]
    assert batch.stop_mask(("!", "y")).tolist() == [True, False, True, False, True]
    spans = np.array([[2, 3, 0, 0], [1, 2, 2, 2], [0, 1, 1, 1]], np.int32)
    matching = Matching(spans, np.array([1.5, 0.8, 0.9]), np.array([0, 0, 3]), np.array([0, UNMET], np.int8))
    first, second = unpack(batch, matching)
    assert (first.spans, first.status, second.status) == ((), "optimal", "unmet")
    assert second.labelled().span_texts() == [("LOC", "Po"), ("MISC", "y"), ("PER", "Ana")]
    assert [span.score for span in second.spans] == [0.9, 0.4, 1.0]
    assert [span.source and span.source.label for span in second.spans] == ["LOC", "MISC", "PER"]
    assert second.alignment is works[1].alignment
