"""Matching with a proof: the kernels first, OR-Tools CP-SAT for what they hand over and for general constraints.

CP-SAT works on integers: scores are multiplied by ``2**30 / largest score of the sentence`` and rounded, so "optimal"
means: no other matching is better by more than ``2**-30`` of that score per span. This module is the only one that
talks to OR-Tools.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanport.matching.choices import Task, better_start, small, task_of
from spanport.options import Score, Solver
from spanport.ports import Int32, Int64
from spanport_kernels import matching as kernels
from spanport_kernels.matching import Matching, Ranges, Relation
from spanport_kernels.ngram import Problem, ngram_ranges, project_ngram

Float64 = npt.NDArray[np.float64]

TIME_LIMIT = 0.4
"""How long CP-SAT may search one sentence, in its deterministic time (about seconds): a busy machine gives the same
answer. The best one so far is "feasible"."""

WALL_LIMIT = 10.0
"""Seconds after which it stops all the same: far more than its deterministic time takes, for a busy machine must not
change an answer."""

RESOLUTION = 2**30
"""The integer that the largest score of a sentence becomes."""


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
        status, chosen = _search(better_start(small(task_of(own, known, met, least, most))), time_limit)
        rows = np.empty((len(chosen.score), 4), np.int32)
        rows[:, 0], rows[:, 1], rows[:, 3] = chosen.start, chosen.end, chosen.entity
        rows[:, 2] = entities[entity_offsets[b] + chosen.entity, 2]
        spans.append(rows)
        scores.append(chosen.score)
        statuses.append(status)
    offsets = np.cumsum([len(rows) for rows in spans], dtype=np.int64)
    return Matching(np.concatenate(spans), np.concatenate(scores), offsets, np.array(statuses, np.int8))


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
