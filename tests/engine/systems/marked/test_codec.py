from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine_sentences import found, job, sentence
from fakes import FakeModels, FakeTranslator, ScriptedTranslator
from spanport.systems.base import make_system
from spanport.systems.marked.codec import Candidate, pick_for_training, share, shrink
from spanport.systems.marked.placement import Beam, Placement, Template, allowed_openings, place, run_searches
from spanport.systems.tools import Tools


class Random(FakeTranslator):
    """Log-probabilities that depend on all that comes before a token, as those of a decoder do."""

    def score(self, sources, targets, source_language, target_language):  # type: ignore[no-untyped-def]
        return [np.array(list(self._row(s, t.split())), np.float32) for s, t in zip(sources, targets, strict=True)]

    def _row(self, source: str, words: list[str]):  # type: ignore[no-untyped-def]
        for i in range(len(words) + 1):
            seed = hash_of((source, *words[: i + 1]))
            yield -np.random.default_rng(seed).exponential()


def hash_of(words: tuple[str, ...]) -> int:
    import zlib

    return zlib.crc32("\0".join(words).encode())


def by_hand(template: Template, openings: list[int], marked: str, keep: int) -> list[Placement]:
    """All placements, scored one by one."""
    n = len(template.words)
    spots = [(i, j) for i, j in itertools.combinations(range(n + 1), 2) if i in openings]
    rows = Random().score([marked] * len(spots), [template.marked(i, j) for i, j in spots], "", "")
    placements = [Placement(i, j, float(row.sum())) for (i, j), row in zip(spots, rows, strict=True)]
    return sorted(placements, key=lambda p: (-p.score, p.start, p.end))[:keep]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("frontier", [1, 16])
def test_with_the_exact_bound_the_best_placements_are_those_of_exhaustive_search(seed: int, frontier: int) -> None:
    translator = Random()
    template = Template(sentence(f"w{seed} b c d e f g", "spa_Latn"), translator, "eng_Latn")
    search = place(template, f"s{seed}", f"[s{seed}]", Beam(3, -1, frontier))
    (result,) = run_searches([search], [("eng_Latn", "spa_Latn")], translator)
    plain, marked = translator.score([f"s{seed}", f"[s{seed}]"], [template.plain()] * 2, "", "")
    openings = allowed_openings(np.abs(plain - marked)[:-1], template.word_starts())
    assert result == by_hand(template, openings, f"[s{seed}]", 3)


def test_openings_are_pruned_by_how_much_marking_the_source_changes() -> None:
    starts = [0, 2, 3, 10]  # tokens: word 0 has 0-1, word 1 has 2, word 2 has 3-9, word 3 the rest
    change = np.zeros(12, np.float32)
    assert allowed_openings(change, starts) == [0, 1, 2, 3]
    change[2] = 0.6
    assert allowed_openings(change, starts) == [1]
    change[7] = 0.2  # weak, five tokens away
    assert allowed_openings(change, starts) == [1, 2]
    change[11] = 0.2  # weak, too far away
    assert allowed_openings(change, starts) == [1, 2]


def test_templates_put_brackets_between_words_and_keep_the_rest() -> None:
    template = Template(sentence("Vio a Ana Ruiz.", "spa_Latn"), FakeTranslator(), "eng_Latn")
    assert template.marked(2, 4) == "Vio a [ Ana Ruiz ] ."
    assert template.marked(2) == "Vio a [ Ana Ruiz."
    assert template.marked(2, until=3) == "Vio a [ Ana"
    assert template.word_starts() == [0, 1, 2, 3, 4]


def test_the_brackets_go_where_the_translator_likes_them() -> None:
    likes = {"se fue [ Ana ]": [-0.1] * 6}
    translator = ScriptedTranslator(likes=likes)
    system = make_system("codec", {}, Tools(FakeModels(fake_translator=translator)))  # type: ignore[arg-type]
    (result,) = system.project([job("[PER Ana] left", "se fue Ana")])
    assert found(result) == [("PER", "Ana")]
    assert 0.5 < result.spans[0].score <= 1


def test_equal_questions_are_asked_once() -> None:
    translator = ScriptedTranslator()
    system = make_system("codec", {}, Tools(FakeModels(fake_translator=translator)))  # type: ignore[arg-type]
    system.project([job("[PER Ana] left", "se fue Ana")] * 3)
    once = len(translator.asked)
    translator.asked.clear()
    system.project([job("[PER Ana] left", "se fue Ana")])
    assert len(translator.asked) == once


def candidate(start: int, end: int, text: str, score: float, loss: float) -> Candidate:
    return Candidate(start, end, text, score, loss)


def test_the_most_probable_span_shrinks_to_the_likeliest_inside_it() -> None:
    top = candidate(1, 4, "a Ana Ruiz", -3.0, 6.0)
    inside = candidate(2, 4, "Ana Ruiz", -4.0, 1.0)
    outside = candidate(2, 5, "Ana Ruiz de", -4.5, 0.5)
    assert shrink([top, inside, outside]) == inside
    assert shrink([top, outside]) == top
    assert shrink([]) is None


def test_training_data_wants_spans_like_the_entity_or_plausible() -> None:
    exact = candidate(0, 1, "Sevilla", -5.0, 3.0)
    wide = candidate(0, 2, "Sevilla hoy", -1.0, 2.0)
    odd = candidate(3, 4, "xyz", -0.5, 9.0)
    assert pick_for_training([odd, wide, exact], ("Seville", "Sevilla")) == exact  # ratio 1
    assert pick_for_training([odd], ("Seville", "Sevilla")) is None
    plausible = candidate(3, 4, "xyz", -0.5, 4.0)
    assert pick_for_training([plausible], ("Seville", "Sevilla")) == plausible


def test_confidence_is_a_share_of_probability() -> None:
    one, two = candidate(0, 1, "a", np.log(0.6), 0), candidate(1, 2, "b", np.log(0.2), 0)
    assert share(one, [one, two]) == pytest.approx(0.75)
    assert share(None, []) == 0.0


def test_translate_train_drops_sentences_that_miss_an_entity() -> None:
    likes = {"se fue [ Ana ]": [-0.1] * 6, "Eva": [-9.0, -1.0]}
    translator = ScriptedTranslator(texts={"Ana left": "se fue Ana", "Eva left": "se fue"}, likes=likes)
    options = {"mode": "translate-train"}
    system = make_system("codec", options, Tools(FakeModels(fake_translator=translator)))  # type: ignore[arg-type]
    kept, lost, plain = system.project([job("[PER Ana] left", ""), job("[PER Eva] left", ""), job("left", "")])
    assert (kept.target.text, found(kept)) == ("se fue Ana", [("PER", "Ana")])
    assert (lost.target.text, lost.status) == ("", "infeasible")
    assert plain.target.text == "left"
