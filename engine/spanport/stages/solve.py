"""Matching with a proof: the kernels first, OR-Tools CP-SAT for what they hand over and for general constraints.

CP-SAT works on integers: scores are multiplied by ``2**30 / largest score of the sentence`` and rounded, so "optimal"
means: no other matching is better by more than ``2**-30`` of that score per span. This module is the only one that
talks to OR-Tools.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from spanport.options import Score, Solver
from spanport.ports import BoolArray, Int32, Int64
from spanport_kernels import matching as kernels
from spanport_kernels.matching import Matching, Ranges, Relation
from spanport_kernels.ngram import Problem, ngram_ranges, project_ngram

Float64 = npt.NDArray[np.float64]

TIME_LIMIT = 0.4
"""How long CP-SAT may search one sentence, in its deterministic time (about seconds): a busy machine gives the same
answer. The best one so far is "feasible"."""

WALL_LIMIT = 0.8
"""Seconds after which it stops all the same, on a machine that is slower than that."""

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

RESOLUTION = 2**30
"""The integer that the largest score of a sentence becomes."""


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


def solve_ngram(
    batch: Problem,
    *,
    max_length: int = 10,
    score: Score = "pairs",
    solver: Solver = "exact",
    time_limit: float = TIME_LIMIT,
) -> Matching:
    """N-gram projection of a batch, at most one span per entity; see `spanport_kernels.ngram.project_ngram`.

    What the exact kernel hands over is solved by CP-SAT, each sentence within ``time_limit``; see `TIME_LIMIT`.
    """
    found = project_ngram(*batch, max_length=max_length, score=score, solver=solver)
    hard = np.flatnonzero(found.status == kernels.HANDED_OVER)
    if not hard.size:
        return found
    ranges = ngram_ranges(hard, batch, max_length=max_length, score=score)
    entities, offsets = kernels.select(batch.entities, batch.entity_offsets, hard)
    part = _by_cp_sat(entities, offsets, ranges, batch.target_lengths[hard], "<=", 1, time_limit)
    return kernels.splice(found, hard, part)


def solve(
    entities: Int32,
    entity_offsets: Int64,
    ranges: Ranges,
    target_lengths: Int32,
    *,
    solver: Solver = "exact",
    relation: Relation = "<=",
    count: int = 1,
    time_limit: float = TIME_LIMIT,
) -> Matching:
    """Match entities to scored ranges so that the sum of scores is largest and no two spans overlap.

    Every entity with a positive score takes a number of spans that is ``relation count``; entities and ranges
    without one are left out beforehand (thesis, candidate matching). Shapes as in
    `spanport_kernels.matching.match_exact`. Statuses: `OPTIMAL` (proved, see the module), `FEASIBLE` (not proved
    within ``time_limit`` a sentence), `INFEASIBLE` (proved; no spans), and `UNMET`: greedy, or a search
    that ran out of time, ended with fewer spans than asked for. Raises ValueError where no count fits.
    """
    if solver == "greedy":
        return kernels.match_greedy(entities, entity_offsets, ranges, target_lengths, relation=relation, count=count)
    if kernels.count_bounds(relation, count) != (0, 1):
        return _by_cp_sat(entities, entity_offsets, ranges, target_lengths, relation, count, time_limit)
    found = kernels.match_exact(entities, entity_offsets, ranges, target_lengths)
    hard = np.flatnonzero(found.status == kernels.HANDED_OVER)
    if not hard.size:
        return found
    own, own_offsets = kernels.select(entities, entity_offsets, hard)
    part = _by_cp_sat(
        own, own_offsets, kernels.select_ranges(ranges, hard), target_lengths[hard], "<=", 1, time_limit
    )
    return kernels.splice(found, hard, part)


def _by_cp_sat(
    entities: Int32,
    entity_offsets: Int64,
    ranges: Ranges,
    target_lengths: Int32,
    relation: Relation,
    count: int,
    time_limit: float,
) -> Matching:
    """Solve every sentence of a batch, starting from greedy answers."""
    greedy = kernels.match_greedy(entities, entity_offsets, ranges, target_lengths, relation=relation, count=count)
    least, most = kernels.count_bounds(relation, count)
    spans, scores, statuses = [np.empty((0, 4), np.int32)], [np.empty(0)], []
    for b in range(target_lengths.size):
        known = greedy.spans[greedy.offsets[b] : greedy.offsets[b + 1]]
        met = bool(greedy.status[b] != kernels.UNMET)
        own = kernels.select_ranges(ranges, np.array([b]))
        status, chosen = _search(_better_start(_small(_task(own, known, met, least, most))), time_limit)
        rows = np.empty((len(chosen.score), 4), np.int32)
        rows[:, 0], rows[:, 1], rows[:, 3] = chosen.start, chosen.end, chosen.entity
        rows[:, 2] = entities[entity_offsets[b] + chosen.entity, 2]
        spans.append(rows)
        scores.append(chosen.score)
        statuses.append(status)
    offsets = np.cumsum([len(rows) for rows in spans], dtype=np.int64)
    return Matching(np.concatenate(spans), np.concatenate(scores), offsets, np.array(statuses, np.int8))


def _task(ranges: Ranges, known: Int32, met: bool, least: int, most: int) -> Task:
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


def _small(task: Task) -> Task:
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


def _better_start(task: Task) -> Task:
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
    better = task.score[found].sum() > task.score[task.known].sum() + kernels.TOLERANCE
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


def _search(task: Task, time_limit: float) -> tuple[int, Task]:
    """Solve one sentence; returns its status and the task reduced to the chosen spans."""
    from ortools.sat.python import cp_model

    known = task.only(np.sort(task.known), complete=task.complete)
    if not task.score.size:
        return kernels.OPTIMAL, known
    model = cp_model.CpModel()
    choose = [model.new_bool_var("") for _ in range(task.score.size)]
    for word in range(int(task.end.max())):
        covering = np.flatnonzero((task.start <= word) & (word < task.end)).tolist()
        model.add_at_most_one([choose[c] for c in covering])
    for entity in np.unique(task.entity):
        own = [choose[c] for c in np.flatnonzero(task.entity == entity)]
        if (task.least, task.most) == (0, 1):
            model.add_at_most_one(own)
        else:
            model.add_linear_constraint(
                cp_model.LinearExpr.sum(own), task.least, max(task.least, min(task.most, len(own)))
            )
    for c in task.known:
        model.add_hint(choose[c], 1)
    weights = np.rint(task.score * (RESOLUTION / task.score.max())).astype(np.int64)
    model.maximize(cp_model.LinearExpr.weighted_sum(choose, weights))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.symmetry_level = 0
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.max_deterministic_time = time_limit
    solver.parameters.max_time_in_seconds = max(WALL_LIMIT, time_limit)
    outcome = solver.solve(model)
    if outcome == cp_model.INFEASIBLE and task.complete:
        return kernels.INFEASIBLE, task.only(np.empty(0, np.int64), complete=True)
    if outcome not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return kernels.FEASIBLE if task.met else kernels.UNMET, known
    found = task.only(np.flatnonzero([solver.boolean_value(x) for x in choose]), complete=task.complete)
    status = kernels.OPTIMAL if outcome == cp_model.OPTIMAL and task.complete else kernels.FEASIBLE
    better = not task.met or found.score.sum() > known.score.sum() + kernels.TOLERANCE
    return status, found if better else known
