"""The table of systems, their options, the label policy and the tools, and how short a new system is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from fakes import FakeEncoder, FakeModels
from spanport.errors import UsageError
from spanport.options import AlignOptions, SystemOptions
from spanport.systems import base
from spanport.systems.base import Need, make_system, register, run_system, system_names
from spanport.systems.ngram import NgramOptions
from spanport.systems.tools import Tools
from spanport.types import ProjectedSpan, Projection, Sentence, Span
from spanport.words import with_words
from spanport.work import Work


def sentence(text: str, *spans: tuple[int, int, str], language: str = "") -> Sentence:
    found = with_words(Sentence(text, language))
    return Sentence(text, language, found.words, tuple(Span(*span) for span in spans))


def test_unknown_names_and_options_are_told_apart() -> None:
    with pytest.raises(UsageError, match=r"unknown system 'ngrams' \(did you mean 'ngram'\?\); there are .*ngram"):
        make_system("ngrams")
    with pytest.raises(UsageError, match=r"'ngram' has no option 'scor' \(did you mean 'score'\?\); it has .*score"):
        make_system("ngram", {"scor": "pairs"})
    with pytest.raises(UsageError, match=r"options of system 'ngram': score='pear': expected 'covered' or 'pairs'"):
        make_system("ngram", {"score": "pear"})
    assert make_system("ngram", {"score": "pairs"}).settings == NgramOptions(score="pairs")
    assert make_system("ngram", NgramOptions(max_length=3)).settings == NgramOptions(max_length=3)


def test_every_registered_system_fits_the_protocol() -> None:
    for name in system_names():
        system = make_system(name)
        assert isinstance(system.settings, SystemOptions)
        assert system.needs <= {"source", "links", "probabilities", "translator"}


def test_a_new_system_is_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_table", dict(base._table))

    @register("first-word")
    class FirstWord:
        """Labels the first target word like the first source entity."""

        options: ClassVar = SystemOptions
        needs: ClassVar = frozenset[Need]({"source"})

        def __init__(self, settings: SystemOptions, tools: Tools) -> None:
            self.settings = settings

        def project(self, jobs: list[Work]) -> list[Projection]:
            out = []
            for job in jobs:
                start, end = job.target.words[0]
                spans = [ProjectedSpan(start, end, span.label, 1.0, span) for span in job.source.spans[:1]]
                out.append(Projection(job.target, tuple(spans), job.source))
            return out

    job = Work(sentence("Ana lives", (0, 3, "PER")), sentence("Ana vive"), np.empty((0, 2), np.int32))
    (found,) = run_system(make_system("first-word"), [job])
    assert [(s.start, s.end, s.label) for s in found.spans] == [(0, 3, "PER")]


def test_labels_dropped_before_cannot_block_and_after_can() -> None:
    # Both source entities compete for the one target word; ties go to the first.
    source = sentence("European Parliament", (0, 19, "MISC"), (0, 19, "ORG"))
    job = Work(source, sentence("Europarlamento"), np.array([[0, 0], [1, 0]], np.int32))
    found = {}
    for when in ("before", "after"):
        system = make_system("ngram", {"drop_labels": ["MISC"], "drop": when})
        (projection,) = run_system(system, [job])
        found[when] = [span.label for span in projection.spans]
    assert found == {"before": ["ORG"], "after": []}


def test_tools_align_and_classify_in_any_batching() -> None:
    encoder = FakeEncoder(tags={"Ana": "B-PER"}, concepts={"lives": "vive"})
    sentences = [sentence("Ana lives here today"), sentence("Ana"), sentence("lives Ana")]
    targets = [sentence("Ana vive"), sentence("Ana"), sentence("Ana vive")]
    whole = Tools(FakeModels(encoder), lambda: AlignOptions(extraction="intersection"))
    links = [found.tolist() for found in whole.align(sentences, targets)]
    assert links == [[[0, 0], [1, 1]], [[0, 0]], [[0, 1], [1, 0]]]
    first, second, third = whole.probabilities(sentences)
    assert first.shape == (4, len(encoder.labels))
    assert encoder.labels[int(second[0].argmax())] == encoder.labels[int(third[1].argmax())] == "B-PER"


def test_tools_without_models_say_so() -> None:
    with pytest.raises(UsageError, match="needs models"):
        Tools().align([], [])
