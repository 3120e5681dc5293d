"""Labelled records as one self-contained page to look through: filters, search, pages, links on hover."""

from __future__ import annotations

import base64
import hashlib
import random
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from spanport.report.cards import Viewable, card, labels_of, with_source_spans
from spanport.report.sentences import hues
from spanport.report.templates import environment, fill
from spanport.types import Projection

MOST = 2000
"""Records on a page; of more a sample is shown, and the page says so."""

SEED = 20


class Sample(NamedTuple):
    """Records with the lines on which they start, in order; of how many in all."""

    records: list[tuple[int, Viewable]]
    total: int


def sample(records: Iterable[tuple[int, Viewable]], most: int = MOST) -> Sample:
    """All records, or as many, drawn evenly and always the same, of however many there are; in memory only these."""
    chance = random.Random(SEED)
    kept: list[tuple[int, int, Viewable]] = []
    count = 0
    for count, (line, record) in enumerate(records, 1):
        if len(kept) < most:
            kept.append((count, line, record))
        elif (place := chance.randrange(count)) < most:
            kept[place] = (count, line, record)
    return Sample([(line, record) for _, line, record in sorted(kept, key=lambda row: row[0])], count)


def view(records: Iterable[Viewable], title: str = "Labelled text", *, most: int = MOST) -> str:
    """The page of sentences, pairs or projections: source above target, with filters by label, confidence, status.

    At most so many records, drawn evenly where there are more. The page needs no network and no other file.
    """
    return view_sample(sample(enumerate(records, 1), most), title)


def view_sample(found: Sample, title: str, *, unreadable: int = 0) -> str:
    """As `view`, of records already drawn; ``unreadable``: how many more could not be read."""
    records = [
        (line, with_source_spans(record) if isinstance(record, Projection) else record)
        for line, record in found.records
    ]
    counts = Counter(label for _, record in records for label in labels_of(record))
    labels = sorted(counts)
    colours = hues(labels)
    cards = [card(record, line, colours) for line, record in records]
    script = environment().get_template("view.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return fill(
        "view.html",
        title=title,
        cards=cards,
        count=found.total,
        unreadable=unreadable,
        labels=[(label, colours[label], counts[label]) for label in labels],
        numbers={label: number for number, label in enumerate(labels)},
        statuses=sorted({card.status for card in cards if card.status}),
        scored=any(card.scores for card in cards),
        script=script,
        digest=digest,
    )
