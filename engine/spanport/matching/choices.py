"""What a solver is asked of one sentence: the choices that may be in its best matching, few enough to model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from spanport.ports import BoolArray, Int32, Int64
from spanport_kernels.matching import TOLERANCE, Ranges

Float64 = npt.NDArray[np.float64]

CELL_CAP = 2_000
"""Most (entity, range) choices modelled. Of more, each entity in turn keeps its best by score over the square root of
length (the order in which greedy weighted set packing has its best bound), and the answer is not proved."""

ENTITY_CAP = 1_000
"""Most choices of an entity that are looked at at all, by the same order."""

CHOICES_CAP = 1_000_000
"""Most choices, scored or not, under a lower bound; above, only the scored ones are."""

LITERAL_CAP = 30_000
"""Most words under all modelled choices together; see `CELL_CAP`."""

GRID_CAP = 4_000_000
"""Most starts times ends of an entity's choices that are compared with one another."""


@dataclass(frozen=True, slots=True)
class Task:
    """One sentence: the choices (entity, start, end, score; each ``(C,)``, sorted), and a known answer.

    Every entity takes ``least`` to ``most`` of its choices. ``known`` are indices of choices that do not overlap,
    ``met`` says whether they give every entity its ``least``; ``complete`` is False where choices were left out to
    keep the model small.
    """

    entity: Int32
    start: Int32
    end: Int32
    score: Float64
    least: int
    most: int
    known: Int64
    met: bool
    complete: bool = True

    def only(self, kept: Int64, *, complete: bool) -> Task:
        """The task with these choices (ascending) and no others; the known ones must be among them."""
        known = np.searchsorted(kept, self.known)
        columns = (self.entity[kept], self.start[kept], self.end[kept], self.score[kept])
        return Task(*columns, self.least, self.most, known, self.met, complete)


def task_of(ranges: Ranges, known: Int32, met: bool, least: int, most: int) -> Task:
    """The choices of a sentence: the scored ones and, under a lower bound, every entity with every range."""
    keys = _keys(ranges.entity, ranges.start, ranges.end)
    taken = _keys(known[:, 3], known[:, 0], known[:, 1])
    worth, complete = _worthwhile(ranges, only_one=(least, most) == (0, 1))
    worth = np.union1d(worth, np.searchsorted(keys, taken))
    choices = keys[worth]
    if least:
        places, owners = np.unique(choices & ((1 << 40) - 1)), np.unique(choices >> 40 << 40)
        if places.size * owners.size <= CHOICES_CAP:
            choices = np.unique((owners[:, None] | places).ravel())
        else:
            complete = False
    scores = np.zeros(choices.size)
    scores[np.searchsorted(choices, keys[worth])] = ranges.score[worth]
    entity, start, end = (
        part.astype(np.int32) for part in (choices >> 40, choices >> 20 & 0xFFFFF, choices & 0xFFFFF)
    )
    return Task(entity, start, end, scores, least, most, np.searchsorted(choices, taken), met, complete)


def _keys(entity: Int32, start: Int32, end: Int32) -> Int64:
    return (entity.astype(np.int64) << 40) | (start.astype(np.int64) << 20) | end


def _worthwhile(ranges: Ranges, *, only_one: bool) -> tuple[Int64, bool]:
    """The scored ranges, ascending, and whether these are all that an optimum may need.

    Where an entity takes ``only_one``, a range that a better one inside it replaces is left out. Of an entity with
    too many still, those of the largest score over the square root of their length are kept.
    """
    bounds = np.searchsorted(ranges.entity, np.arange(int(ranges.entity.max(initial=-1)) + 2))
    kept, complete = [np.empty(0, np.int64)], True
    for begin, stop in pairwise(bounds.tolist()):
        own = begin + np.flatnonzero(ranges.score[begin:stop] > 0.0)
        if only_one:
            own = own[_undominated(ranges.start[own], ranges.end[own], ranges.score[own])]
        if own.size > ENTITY_CAP:
            density = ranges.score[own] / np.sqrt(ranges.end[own] - ranges.start[own])
            own = np.sort(own[np.argpartition(-density, ENTITY_CAP)[:ENTITY_CAP]])
            complete = False
        kept.append(own)
    return np.concatenate(kept), complete


def small(task: Task) -> Task:
    """Leave out the worst choices above the caps."""
    order = _in_turn(task)
    order = np.concatenate([task.known, order[~np.isin(order, task.known)]])
    words = np.cumsum((task.end - task.start)[order])
    room = min(CELL_CAP, int(np.searchsorted(words, LITERAL_CAP, side="right")))
    fitting = order[: max(room, task.known.size)]
    return task if fitting.size == order.size else task.only(np.sort(fitting), complete=False)


def _in_turn(task: Task) -> Int64:
    """The choices in the order in which they are modelled: the best of each entity, the second best of each, ...

    Of equal ones those come first that begin at the entity's share of the sentence or after it, so that entities
    which could all lie anywhere do not crowd at the same words.
    """
    density = task.score / np.sqrt(task.end - task.start)
    owners, owner = np.unique(task.entity, return_inverse=True)
    words = int(task.end.max(initial=1))
    place = (task.start - owner * words // max(owners.size, 1)) % words
    order = np.lexsort((place, -density, owner))
    first = np.searchsorted(owner[order], np.arange(owners.size))
    turn = np.arange(order.size) - first[owner[order]]
    return order[np.lexsort((-density[order], turn))]


def better_start(task: Task) -> Task:
    """The task with the better of its known answer and that of a two-phase pass, which is at least half the best.

    Choices, by end, are kept with what they gain over the kept ones that they would replace; then, the last first,
    those are taken that nothing taken excludes (Berman and DasGupta 2000).
    """
    if (task.least, task.most) != (0, 1) or not task.score.size:
        return task
    words = int(task.end.max()) + 1
    overlapping, own = np.zeros(words), np.zeros((int(task.entity.max()) + 1, words))
    kept = []
    for c in np.lexsort((task.start, task.end)).tolist():
        entity, start, end = int(task.entity[c]), int(task.start[c]), int(task.end[c])
        gain = float(task.score[c]) - overlapping[start] - own[entity, start]
        if gain > 0.0:
            kept.append(c)
            overlapping[:end] += gain
            own[entity, end:] += gain
    taken, free, used = [], words, set[int]()
    for c in reversed(kept):
        if task.end[c] <= free and int(task.entity[c]) not in used:
            taken.append(c)
            free = int(task.start[c])
            used.add(int(task.entity[c]))
    found = np.sort(np.array(taken, np.int64))
    better = task.score[found].sum() > task.score[task.known].sum() + TOLERANCE
    return replace(task, known=found) if better else task


def _undominated(start: Int32, end: Int32, score: Float64) -> BoolArray:
    """Which choices of one entity score more than every choice inside them; all of them above `GRID_CAP`."""
    if not score.size:
        return np.ones(0, np.bool_)
    starts, row = np.unique(start, return_inverse=True)
    ends, column = np.unique(end, return_inverse=True)
    if starts.size * ends.size > GRID_CAP:
        return np.ones(score.size, np.bool_)
    best = np.zeros((starts.size + 1, ends.size + 1))
    best[row, column + 1] = score
    best = np.maximum.accumulate(np.maximum.accumulate(best[::-1], axis=0)[::-1], axis=1)
    within = np.maximum(best[row + 1, column + 1], best[row, column])
    return np.asarray(score > within)
