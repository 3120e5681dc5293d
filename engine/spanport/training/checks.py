"""What a request to train says of labels: those that the tagger learns, and those that somebody misses."""

from __future__ import annotations

from collections.abc import Iterable

from spanport.errors import UsageError, suggestion
from spanport.training.inputs import Notes, Set
from spanport.training.request import Data, Order, kinds_of


def labels_to_learn(order: Order, data: Data, carried: frozenset[str] | None, notes: Notes) -> list[str]:
    """The labels of the tagger, sorted; what will be missed by somebody is noted.

    carried: the labels that can be carried over to the text; None where none are.
    Raises UsageError where no label is left, where labels are carried over of which `--labelled` has none, and where
    a gold file has none of the tagger's.
    """
    dropped = frozenset(order.drop_labels)
    every = data.named | (carried or frozenset())
    kept = every - dropped
    if not kept:
        raise UsageError(f"no label is left to learn: --drop-labels names all of {_list(every)}")
    seen = every.union(*(kinds_of(one) for one in data.gold.values()))
    for label in sorted(dropped - seen):
        notes.add(f"--drop-labels {label}: nothing has this label{suggestion(label, seen)}")
    for one in data.labelled:
        _check_carried(order, one, carried, notes)
    for one in data.sets:
        if missing := kept - kinds_of(one):
            notes.add(f"{one.name} has no {_list(missing)}: left open there, neither taught as O nor held against it")
    for one in data.gold.values():
        unknown = kinds_of(one) - every - dropped
        if not kinds_of(one) & kept:
            named = _list(kinds_of(one))
            raise UsageError(f"{one.name} has labels {named}; expected some of the tagger's: {_list(kept)}")
        if unknown:
            notes.add(f"{one.name} has {_list(unknown)}, which the tagger does not learn; --drop-labels ignores them")
    return sorted(kept)


def _check_carried(order: Order, given: Set, carried: frozenset[str] | None, notes: Notes) -> None:
    """Whether the labels of a file are among those that are carried over."""
    kinds = kinds_of(given)
    if carried is None or kinds <= carried:
        return
    if not kinds & carried:
        origin = "the source of --parallel" if order.parallel else f"the bundle {order.bundle}"
        raise UsageError(
            f"{given.name} has labels {_list(kinds)}, but those carried over to the text are {_list(carried)}, of "
            f"{origin}; make the labelled file the source of --parallel, or choose --method teacher"
        )
    notes.add(f"{_list(kinds - carried)} of {given.name} cannot be carried over: the text teaches nothing about them")


def _list(labels: Iterable[str]) -> str:
    return ", ".join(sorted(labels))
