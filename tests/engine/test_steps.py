"""The steps of a job: each adds what the system needs and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from fakes import FakeEncoder, FakeModels, FakeTranslator
from spanport.api import Engine
from spanport.encoding.encode import Encode
from spanport.errors import AlignmentError, RecordError
from spanport.job import Job, Task
from spanport.options import AlignOptions, TranslateOptions
from spanport.steps import linked, links_only, pieces, split, steps, tokens, translate
from spanport.systems.base import Need, make_system, run_system
from spanport.types import Alignment, Sentence, Span
from spanport.work import Work

INTERSECTION = AlignOptions(extraction="intersection")
SOURCE = Sentence("Ana lives", "eng_Latn", spans=(Span(0, 3, "PER"),))
TARGET = Sentence("vive Ana", "spa_Latn")
NOTHING = Sentence("")


def encoded(
    *works: Work, needs: set[Need], label_source: bool = False, encoder: FakeEncoder | None = None
) -> list[Work]:
    encoder = encoder or FakeEncoder(tags={"Ana": "B-PER"}, concepts={"lives": "vive"})
    step = Encode(encoder, INTERSECTION, None, frozenset(needs), label_source=label_source, batch_tokens=1024)
    return step(tokens(encoder, sources=True, split_first=True)(works))


def stages(task: Task, system: str) -> dict[str, Any]:
    """The stages of a job, by name."""
    job, models = Job(task=task, system=system), FakeModels(FakeEncoder(), FakeTranslator())
    found = steps(job, make_system(system) if system else None, models)  # type: ignore[arg-type]
    return {stage.name: stage for stage in found}


def test_models_compute_and_the_translator_evenly() -> None:
    made = stages("label", "ngram")
    assert [name for name, stage in made.items() if stage.computes] == ["translate", "encode"]
    assert [name for name, stage in made.items() if stage.even] == ["translate"]


def test_words_that_came_with_the_input_stay() -> None:
    given = Sentence("Ana-Luz vive", words=((0, 3), (4, 7), (8, 12)), tokenized=True)
    (work,) = split([Work(NOTHING, given)])
    assert work.target.words == given.words
    assert work.source is NOTHING


def test_empty_texts_are_not_translated() -> None:
    translator = FakeTranslator({"vive": "lives"})
    works = pieces(translator, "spa_Latn", "eng_Latn")([Work(NOTHING, text) for text in (TARGET, NOTHING, TARGET)])
    seen: list[int] = []
    generate = translator.generate
    translator.generate = lambda tokens, *a, **k: seen.append(len(tokens)) or generate(tokens, *a, **k)  # type: ignore[assignment, func-returns-value]
    found = translate(translator, "eng_Latn", TranslateOptions())(works)
    assert [(source.text, source.language) for source in found] == [
        ("lives Ana", "eng_Latn"),
        ("", "eng_Latn"),
        ("lives Ana", "eng_Latn"),
    ]
    assert seen == [2]
    stage = stages("label", "ngram")["translate"]
    assert stage.key(works[0]) == stage.key(works[2]) != stage.key(works[1])
    assert stage.merge(works[0], found[0]) == replace(works[0], source=found[0])


def test_passes_hold_similar_lengths_of_both_sides() -> None:
    texts = [(1, 9), (8, 2), (2, 1), (9, 8)]
    pairs = [(Sentence("a " * n + "a"), Sentence("b " * m + "b")) for n, m in texts]
    encoder = FakeEncoder()
    works = tokens(encoder, sources=True, split_first=True)([Work(*pair) for pair in pairs])
    step = Encode(encoder, INTERSECTION, None, frozenset({"source", "links"}), label_source=False, batch_tokens=48)
    whole = Encode(encoder, INTERSECTION, None, frozenset({"source", "links"}), label_source=False, batch_tokens=999)
    assert [list(links) for links in links_only(step(works))] == [list(links) for links in links_only(whole(works))]
    real = sum(n + m + 6 for n, m in texts)  # a word more than spaces, two specials, on both sides
    padded = sum(-(-(words + 3) // 4) * 4 for pair in texts for words in pair)
    assert stages("align", "")["encode"].spent(works) == (real, padded)


def test_a_text_past_the_translator_is_rejected() -> None:
    with pytest.raises(RecordError, match="602 tokens and the translator takes 512"):
        pieces(FakeTranslator(), "spa_Latn", "eng_Latn")([Work(NOTHING, Sentence("la " * 600, "spa_Latn"))])


def test_links_are_computed_only_where_none_are_given() -> None:
    given = Work(SOURCE, TARGET, alignment=Alignment(((0, 0),)))
    computed = Work(SOURCE, TARGET)
    works = encoded(given, computed, needs={"source", "links"})
    assert [list(links) for links in links_only(works)] == [[(0, 0)], [(0, 1), (1, 0)]]
    assert all(work.probabilities is None for work in works)


def test_both_views_come_with_probabilities_and_no_links_without_need() -> None:
    (work,) = encoded(Work(SOURCE, TARGET), needs={"source", "probabilities"})
    assert work.links.shape == (0, 2)
    assert work.probabilities is not None
    assert work.source_probabilities is not None
    assert (work.probabilities.argmax(1) > 0).tolist() == [False, True]
    assert (work.source_probabilities.argmax(1) > 0).tolist() == [True, False]


def test_the_source_is_labelled_on_request() -> None:
    (work,) = encoded(Work(Sentence("Ana lives"), TARGET), needs={"source", "links"}, label_source=True)
    assert [(s.start, s.end, s.label) for s in work.source.spans] == [(0, 3, "PER")]


def test_one_pass_serves_both_sides_and_both_outputs() -> None:
    encoder = FakeEncoder()
    encoded(Work(SOURCE, TARGET), needs={"source", "links", "probabilities"}, encoder=encoder)
    assert encoder.calls == 1


def test_a_target_that_is_only_aligned_is_not_classified() -> None:
    encoder, asked = FakeEncoder(tags={"Ana": "B-PER"}), []
    run = encoder.run
    encoder.run = lambda batch, **wants: asked.append((len(batch), wants)) or run(batch, **wants)  # type: ignore[assignment, func-returns-value]
    works = [Work(Sentence("Ana lives"), TARGET), Work(Sentence("Ana"), Sentence("Ana"))]
    done = encoded(*works, needs={"source", "links"}, label_source=True, encoder=encoder)
    assert [(n, wants["hidden"], wants["logits"]) for n, wants in asked] == [(2, True, False), (2, True, True)]
    assert [list(map(tuple, work.links.tolist())) for work in done] == [[(0, 1)], [(0, 0)]]


def test_a_system_without_a_source_neither_translates_nor_aligns() -> None:
    models = FakeModels(FakeEncoder(tags={"Ana": "B-PER"}), FakeTranslator())
    (found,) = Engine(models).label(["vive Ana"], lang="spa_Latn", system="model-transfer")  # type: ignore[arg-type]
    assert [(s.start, s.end, s.label) for s in found.spans] == [(5, 8, "PER")]
    assert models.fake_translator.calls == 0
    assert found.source.text == ""


def test_given_links_are_checked_against_the_words() -> None:
    with pytest.raises(AlignmentError, match=r"link 0-2: the target has 2 words"):
        linked([Work(SOURCE, TARGET, alignment=Alignment(((0, 2),)))])


def test_match_hands_the_records_to_the_system() -> None:
    works = linked([Work(SOURCE, TARGET, alignment=Alignment(((0, 1), (1, 0))))])
    (found,) = run_system(make_system("ngram"), works)
    assert [(s.start, s.end, s.label) for s in found.spans] == [(5, 8, "PER")]
    assert found.alignment.links == ((0, 1), (1, 0))
    assert np.isclose(found.spans[0].score, 1.0)
