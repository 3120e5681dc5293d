"""How labels are carried over the first time."""

from __future__ import annotations

from pathlib import Path

import pytest

from spanport.training.inputs import Notes
from spanport.training.projecting import Projector
from spanport.training.request import Data, Order

pytestmark = pytest.mark.slow


def test_the_view_of_a_classifier_that_has_not_seen_the_language_is_left_out_at_first(files: Path) -> None:
    views, told = [], []
    for lang in ("spa_Latn", "lug_Latn"):
        notes = Notes(lambda line: None)
        order = Order(lang=lang, out="", parallel=(str(files / "en.conll"), str(files / "es.txt")))
        projector = Projector(order, Data(order, notes), notes, print)
        views.append((projector.first.settings.view, projector.system.settings.view))
        told.append([line for line in notes.lines if "links alone" in line])
    assert views == [(True, True), (False, True)]
    assert told == [[], ["the bundle's classifier has not seen lug_Latn: the first labels are by links alone"]]
