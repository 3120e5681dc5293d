"""Slow twins of the heuristic projectors: one sentence pair at a time, on lists of labels."""

from __future__ import annotations

from collections import Counter

Entity = tuple[int, int, int]
"""Start, end (source words, half-open), label."""

Cell = tuple[str, int, int] | None
"""``B`` or ``I``, label, entity."""


def spans_of(cells: list[Cell]) -> list[tuple[int, int, int, int]]:
    """Spans (start, end, label, entity) as seqeval reads IOB2: an I after O or another label begins one."""
    spans: list[list[int]] = []
    for word, cell in enumerate(cells):
        if cell is None:
            continue
        tag, label, entity = cell
        joins = tag == "I" and word > 0 and cells[word - 1] is not None and cells[word - 1][1] == label
        if joins:
            spans[-1][1] = word + 1
        else:
            spans.append([word, word + 1, label, entity])
    return [tuple(span) for span in spans]


def linked(edges, start, end) -> list[int]:
    """Target words linked to a source word of [start, end), sorted."""
    return sorted({j for i, j in edges if start <= i < end})


def runs_of(words) -> list[list[int]]:
    """Maximal runs of consecutive words."""
    runs: list[list[int]] = []
    for word in words:
        if runs and runs[-1][-1] == word - 1:
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def write(cells: list[Cell], words, label, entity) -> None:
    for k, word in enumerate(words):
        cells[word] = ("I" if k else "B", label, entity)


def project_runs(
    entities: list[Entity],
    edges,
    n: int,
    *,
    merge_distance=0,
    top_k=0,
    only_i=False,
    threshold=-1.0,
    order="given",
    collision="skip",
    top_k_keeps="longest",
):
    cells: list[Cell] = [None] * n
    numbered = list(enumerate(entities))
    if order == "length_asc":
        numbered.sort(key=lambda item: item[1][1] - item[1][0])
    for number, (start, end, label) in numbered:
        firsts = set(linked(edges, start, start + 1))
        merged: list[list[int]] = []
        for run in runs_of(linked(edges, start, end)):
            if (
                merged
                and merge_distance > 0
                and run[0] - (merged[-1][-1] + 1) <= merge_distance
                and not (only_i and run[0] in firsts)
            ):
                merged[-1] = list(range(merged[-1][0], run[-1] + 1))
            else:
                merged.append(run)
        if threshold >= 0:
            merged = [run for run in merged if len(run) / (end - start) > threshold]
        if top_k:
            merged = sorted(merged, key=len, reverse=top_k_keeps == "longest")[:top_k]
        for run in merged:
            if collision == "overwrite" or all(cells[word] is None for word in run):
                write(cells, run, label, number)
    return spans_of(cells)


def project_easy_label(entities: list[Entity], edges, punctuation):
    """Easy-Label-Projection, collisions and all, on lists of word numbers."""
    found = []
    for number, (start, end, label) in enumerate(entities):
        runs = runs_of([word for word in linked(edges, start, end) if not punctuation[word]])
        k = 0
        while k < len(runs) - 1:
            if runs[k + 1][-1] - runs[k][0] <= 2:
                runs[k] = list(range(runs[k][0], runs[k + 1][-1] + 1))
                del runs[k + 1]
            else:
                k += 1
        if runs:
            found.append([max(runs, key=len), label, number])
    k = 0
    while k < len(found) - 1:
        here, there = found[k], found[k + 1]
        if here[0][-1] >= there[0][0] and here[1] == there[1]:
            here[0] = sorted(set(here[0]) | set(there[0]))
            del found[k + 1]
        else:
            k += 1
    k = 0
    while k < len(found) - 1:
        if found[k][0][-1] >= found[k + 1][0][0]:
            del found[k + 1 if len(found[k][0]) > len(found[k + 1][0]) else k]
        else:
            k += 1
    cells: list[Cell] = [None] * len(punctuation)
    for words, label, number in found:
        write(cells, words, label, number)
    return spans_of(cells)


def project_filling(
    entities: list[Entity],
    edges,
    n: int,
    *,
    complete_source=False,
    complete_target=False,
    complete_instance=False,
    restrict_target=False,
    on_failure="skip",
):
    """Spans, and whether every filter asked for passed."""
    cells: list[Cell] = [None] * n
    complete = True
    for number, (start, end, label) in enumerate(entities):
        words = linked(edges, start, end)
        unlinked = any(not linked(edges, i, i + 1) for i in range(start, end))
        gaps = bool(words) and words != list(range(words[0], words[-1] + 1))
        if (complete_source and unlinked) or (complete_target and gaps):
            complete = False
        elif words:
            last = words[0] if restrict_target and end - start == 1 else words[-1]
            write(cells, range(words[0], last + 1), label, number)
    if complete_instance:
        wanted = Counter(label for _, _, label in entities)
        begun = Counter(cell[1] for cell in cells if cell is not None and cell[0] == "B")
        if any(wanted[label] != begun[label] for label in wanted):
            return [], False
    if on_failure == "discard" and not complete:
        return [], False
    return spans_of(cells), complete


def word_labels(spans, n: int) -> list[int]:
    """0 for O, 2 * label + 1 for B, 2 * label + 2 for I; later spans overwrite."""
    labels = [0] * n
    for start, end, label, *_ in spans:
        for word in range(max(start, 0), min(end, n)):
            labels[word] = 2 * label + (2 if word > start else 1)
    return labels
