"""Cases of `kernels.py`: candidates, scores, matching, readers and writers, on ``B`` sentences with given links."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sentences

from naive import matching as naive
from naive import parsing as naive_parsing
from spanport.matching.solve import _by_cp_sat, solve_ngram
from spanport_kernels.align_score import align_scores
from spanport_kernels.candidates import ngram_candidates
from spanport_kernels.label_codes import LabelTypes, spans_of_codes
from spanport_kernels.matching import match_exact, match_greedy, select
from spanport_kernels.ner_score import ner_scores
from spanport_kernels.ngram import Problem, ngram_ranges, problem, project_ngram
from spanport_kernels.parse import parse_conll
from spanport_kernels.pharaoh import parse_pharaoh
from spanport_kernels.scores import fuse, to_ranges
from spanport_kernels.write import write_conll

SAMPLED = 100
rng = np.random.default_rng(0)


FILES = sentences.real() or sentences.made_up()
SOURCE, TARGET, LINKS = (np.frombuffer(data, np.uint8) for data in FILES)
PARSED, PARSED_TARGET, PARSED_LINKS = parse_conll(SOURCE), parse_conll(TARGET), parse_pharaoh(LINKS)
TYPES = LabelTypes()
ENTITIES, ENTITY_OFFSETS = spans_of_codes(TYPES.codes(SOURCE, PARSED), PARSED)
LENGTHS = np.diff(PARSED_TARGET.offsets)
BATCH = problem(ENTITIES, ENTITY_OFFSETS, PARSED_LINKS.links, PARSED_LINKS.offsets, LENGTHS)
B = LENGTHS.size
FOUND = project_ngram(*BATCH)
CANDIDATES = ngram_candidates(BATCH.target_lengths)
PAIRS = align_scores(*BATCH[:4], CANDIDATES, BATCH.target_lengths)
RANGES = to_ranges(PAIRS, CANDIDATES)
PROBABILITIES = rng.dirichlet(np.full(9, 0.1), int(LENGTHS.sum())).astype(np.float32)
NER = (ENTITIES, ENTITY_OFFSETS, CANDIDATES, PROBABILITIES, PARSED_TARGET.offsets)
BEGIN, INSIDE = np.arange(1, 9, 2, dtype=np.int32), np.arange(2, 10, 2, dtype=np.int32)

SOME = np.arange(0, B, SAMPLED)
SOME_ENTITIES, SOME_OFFSETS = select(ENTITIES, ENTITY_OFFSETS, SOME)
SOME_RANGES = ngram_ranges(SOME, BATCH)


def plain(sentence: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]], int]:
    """Entities, links and target length of a sentence as lists."""
    entities = ENTITIES[ENTITY_OFFSETS[sentence] : ENTITY_OFFSETS[sentence + 1], :2].tolist()
    links = BATCH.edges[BATCH.edge_offsets[sentence] : BATCH.edge_offsets[sentence + 1]].tolist()
    return [(s, e) for s, e in entities], [(i, j) for i, j in links], int(LENGTHS[sentence])


def twin_project(solve: bool) -> None:
    for sentence in SOME:
        entities, links, n = plain(sentence)
        candidates = naive.ngram_candidates(n, set(), 10)
        scores = [[naive.align_score(e, c, links, "pairs") for c in candidates] for e in entities]
        matrix = np.array(scores).reshape(len(entities), len(candidates))
        if not solve:
            naive.greedy(matrix, candidates)
        elif len(entities) <= 8:
            naive.best_by_subsets(matrix, candidates, n)


def twin_parse(data: np.ndarray) -> None:
    for block in naive_parsing.conll_blocks(data.tobytes()):
        naive_parsing.conll_sentence(block, True)


def labels() -> None:
    spans_of_codes(TYPES.codes(SOURCE, PARSED), PARSED)


def tangle(entities: int, words: int) -> Problem:
    """Everything overlaps: every source word is linked to half of the target."""
    links = np.argwhere(rng.random((2 * entities, words)) < 0.5)
    rows = [(2 * e, 2 * e + 2, e % 4) for e in range(entities)]
    return problem(rows, [0, entities], links, [0, len(links)], [words])


CASES: dict[str, tuple[Callable[[], Any], int]] = {
    "ngram greedy pairs": (partial(project_ngram, *BATCH, solver="greedy"), B),
    "twin ngram greedy pairs": (partial(twin_project, False), SOME.size),
    "ngram exact pairs": (partial(project_ngram, *BATCH), B),
    "twin ngram exact pairs": (partial(twin_project, True), SOME.size),
    "CP-SAT ngram exact pairs": (
        partial(_by_cp_sat, SOME_ENTITIES, SOME_OFFSETS, SOME_RANGES, BATCH.target_lengths[SOME], "<=", 1, 60.0),
        SOME.size,
    ),
    "ngram exact covered": (partial(project_ngram, *BATCH, score="covered"), B),
    "tangle 12 x 30": (partial(solve_ngram, tangle(12, 30)), 1),
    "tangle 20 x 200": (partial(solve_ngram, tangle(20, 200)), 1),
    "tangle 20 x 200, any length": (partial(solve_ngram, tangle(20, 200), max_length=0), 1),
    "candidates ngram": (partial(ngram_candidates, BATCH.target_lengths), B),
    "score align": (partial(align_scores, *BATCH[:4], CANDIDATES, BATCH.target_lengths), B),
    "score ner": (partial(ner_scores, *NER, BEGIN, INSIDE), B),
    "fuse": (partial(fuse, [(PAIRS, 0.5, 0.0), (PAIRS, 0.5, 0.1)]), B),
    "match greedy": (partial(match_greedy, ENTITIES, ENTITY_OFFSETS, RANGES, BATCH.target_lengths), B),
    "match exact": (partial(match_exact, ENTITIES, ENTITY_OFFSETS, RANGES, BATCH.target_lengths), B),
    "read CoNLL": (partial(parse_conll, SOURCE), B),
    "twin read CoNLL": (partial(twin_parse, SOURCE), B),
    "read labels": (labels, B),
    "read Pharaoh": (partial(parse_pharaoh, LINKS), B),
    "write CoNLL": (partial(write_conll, TARGET, PARSED_TARGET, FOUND.spans, FOUND.offsets, TYPES), B),
}
