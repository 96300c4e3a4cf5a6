"""The inner loops, compiled by Numba on first use and kept in its cache.

Each runs on one thread, releases the interpreter's lock, and writes into arrays that
its caller made, so that all memory is NumPy's and can be counted.

N = database items, W = words a code, b = bits, L = highest grade, G = distinct label sets,
M = codebooks, K = codewords.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numba.extending import intrinsic

# Items whose distances are held at once: they stay in the first-level cache.
TILE = 2048
# Counters are kept several times over, since adding to one that was just added to has to wait.
COPIES = 4

compiled = njit(nogil=True, cache=True, boundscheck=False)


@intrinsic
def popcount(context: Any, value: Any) -> Any:
    """Number of set bits, by the machine's own instruction."""
    del context

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.ctpop(arguments[0])

    return value(value), generate


@compiled
def hamming_tile(query, words, start, stop, scale, out):
    """Distances to items start to stop, times a scale, into out.

    Here and below, indices that count from 0 over a slice let the compiler use vector instructions; with
    an offset that could be negative it would not.
    """
    some = words[0, start:stop]
    for j in range(len(some)):
        out[j] = np.uint32(popcount(query[0] ^ some[j])) * scale
    for w in range(1, len(query)):
        some = words[w, start:stop]
        for j in range(len(some)):
            out[j] += np.uint32(popcount(query[w] ^ some[j])) * scale


@compiled
def shared_labels(queries, sets, least, graded, table):
    """Grade of every label set to every query where it counts the labels in common.

    Args:
        queries: uint64 (q, W).
        sets: uint64 (G, W).
        least: How many have to be in common.
        graded: Whether a relevant set's grade is their number.
        table: uint8 (q, G), receives the grades.
    """
    for q in range(len(queries)):
        row = table[q]
        row[:] = 0
        for w in range(sets.shape[1]):
            for g in range(len(sets)):
                row[g] += popcount(queries[q, w] & sets[g, w])
        for g in range(len(sets)):
            row[g] = (row[g] if graded else 1) if row[g] >= least else 0


@compiled
def add_up(tables, set_sizes, total):
    """Items of each grade from 1 to L, into total, int64 (q, L), zeros."""
    for q in range(len(tables)):
        for g in range(len(set_sizes)):
            if tables[q, g]:
                total[q, tables[q, g] - 1] += set_sizes[g]


@compiled
def add_grades(q, truth, start, stop, out):
    """Add the grades of items start to stop for a query to out, uint32 (TILE,).

    Args:
        q: Which of the queries.
        truth: Labels of queries (q,) and items (N,) in one word each; how many have to be in common;
            whether a grade is their number; where labels take more than a word and are empty, grades of
            label sets, uint8 (q, G), instead; and the set of each item, int32 (N,).
    """
    asked, labels, least, graded, tables, group = truth
    some = labels[start:stop]
    if len(labels) == 0:
        sets, table = group[start:stop], tables[q]
        for j in range(len(sets)):
            out[j] += table[sets[j]]
    elif graded:
        for j in range(len(some)):
            common = np.uint32(popcount(asked[q] & some[j]))
            out[j] += common if common >= least else np.uint32(0)
    else:
        for j in range(len(some)):
            out[j] += np.uint32(np.uint32(popcount(asked[q] & some[j])) >= least)


@compiled
def count_cells(cells, many, counts):
    """Count the first cells, uint32 (TILE,), into counts, uint32 (COPIES, number of cells)."""
    c0, c1, c2, c3 = counts[0], counts[1], counts[2], counts[3]
    whole = many // COPIES * COPIES
    for j in range(0, whole, COPIES):
        c0[cells[j]] += np.uint32(1)
        c1[cells[j + 1]] += np.uint32(1)
        c2[cells[j + 2]] += np.uint32(1)
        c3[cells[j + 3]] += np.uint32(1)
    for j in range(whole, many):
        c0[cells[j]] += np.uint32(1)


@compiled
def count_grades(queries, words, truth, levels, counts):
    """Items of each grade at each distance.

    Args:
        queries: Codes (q, W).
        words: Codes (W, N).
        truth: As for `add_grades`.
        levels: L + 1.
        counts: uint32 (q, COPIES, (b + 1) * levels), zeros.
    """
    cells = np.empty(TILE, dtype=np.uint32)
    for start in range(0, words.shape[1], TILE):
        stop = min(start + TILE, words.shape[1])
        for q in range(len(queries)):
            hamming_tile(queries[q], words, start, stop, np.uint32(levels), cells)
            add_grades(q, truth, start, stop, cells)
            count_cells(cells, stop - start, counts[q])


@compiled
def place_hits(queries, words, truth, k, before, found, start_of, grade_of):
    """Ranks of the relevant items among the first k, ties in database order.

    Args:
        queries: Codes (q, W).
        words: Codes (W, N).
        truth: As for `add_grades`.
        k: How many ranks to look at.
        before: int64 (q, b + 1), items nearer than each distance; counted up.
        found: int64 (q, b + 1), relevant items nearer than each distance; counted up.
        start_of: int32 (q, B), receives the number of items before each relevant one, nearest first.
        grade_of: uint8 (q, B), receives their grades.
    """
    cells = np.empty(TILE, dtype=np.uint32)
    grades = np.empty(TILE, dtype=np.uint32)
    hits = np.empty(TILE, dtype=np.uint32)
    ranks = np.empty(TILE, dtype=np.int64)
    for q in range(len(queries)):
        seen = before[q]
        last = 0  # no item farther than this is among the first k
        while last + 1 < len(seen) and seen[last + 1] < k:
            last += 1
        for start in range(0, words.shape[1], TILE):
            stop = min(start + TILE, words.shape[1])
            hamming_tile(queries[q], words, start, stop, np.uint32(1), cells)
            grades[:] = 0
            add_grades(q, truth, start, stop, grades)
            many = 0  # listing hits first needs no branch, which could not be foreseen
            for j in range(stop - start):
                if cells[j] <= last:
                    rank = seen[cells[j]]
                    seen[cells[j]] = rank + 1
                    hits[many] = j
                    ranks[many] = rank
                    many += (grades[j] > 0) & (rank < k)
            for h in range(many):
                place = found[q, cells[hits[h]]]
                found[q, cells[hits[h]]] = place + 1
                start_of[q, place] = ranks[h]
                grade_of[q, place] = grades[hits[h]]


@compiled
def place_items(queries, words, counts, out):
    """The nearest items as entries, by counting sort.

    Args:
        queries: Codes (q, W).
        words: Codes (W, N).
        counts: uint32 (q, COPIES, b + 1), zeros.
        out: uint64 (q, k), receives the entries.
    """
    k, width = out.shape[1], counts.shape[2]
    cells = np.empty(TILE, dtype=np.uint32)
    seen = np.empty(width, dtype=np.int64)
    for q in range(len(queries)):
        for start in range(0, words.shape[1], TILE):
            stop = min(start + TILE, words.shape[1])
            hamming_tile(queries[q], words, start, stop, np.uint32(1), cells)
            count_cells(cells, stop - start, counts[q])
        place = 0
        for distance in range(width):
            seen[distance] = place
            for copy in range(COPIES):
                place += counts[q, copy, distance]
        for start in range(0, words.shape[1], TILE):
            stop = min(start + TILE, words.shape[1])
            hamming_tile(queries[q], words, start, stop, np.uint32(1), cells)
            for j in range(stop - start):
                distance = cells[j]
                rank = seen[distance]
                if rank < k:
                    out[q, rank] = np.uint64(distance) << np.uint64(32) | np.uint64(start + j)
                    seen[distance] = rank + 1


@compiled
def look_up(tables, codes, bias, out):
    """Distances of every item, summed over the codebooks in their order.

    Args:
        tables: float32 (M, K).
        codes: uint8 (N, M).
        bias: float32 (N,).
        out: float32 (N,).
    """
    fours = len(tables) // 4 * 4
    for m in range(0, fours, 4):  # four sums a pass, so that a total stays in a register
        source = bias if m == 0 else out
        a, b, c, d = tables[m], tables[m + 1], tables[m + 2], tables[m + 3]
        for i in range(len(out)):
            near = source[i] + a[codes[i, m]] + b[codes[i, m + 1]]
            out[i] = near + c[codes[i, m + 2]] + d[codes[i, m + 3]]
    for m in range(fours, len(tables)):
        source = bias if m == 0 else out
        table = tables[m]
        for i in range(len(out)):
            out[i] = source[i] + table[codes[i, m]]


@compiled
def key(distance):
    """Bits of a float32 as a number that sorts alike; a negative zero is a zero."""
    raw = np.float32(distance + np.float32(0)).view(np.uint32)
    return ~raw if raw >> np.uint32(31) else raw | np.uint32(0x80000000)


@compiled
def all_entries(distances, out):
    """Entries of every item, in database order.

    From the last to the first, so that the distances may lie in the first half of out itself: an entry
    covers the distances at twice its place, which have been read by then.
    """
    for i in range(len(out) - 1, -1, -1):
        out[i] = np.uint64(key(distances[i])) << np.uint64(32) | np.uint64(i)


@compiled
def entries_within(distances, bound, places, out):
    """Entries of the items no farther than a bound; returns how many there are.

    Args:
        distances: float32 (N,).
        places: uint32 (n,), scratch.
        out: uint64 (n,), receives the entries where no more than n are found.
    """
    many, last = 0, len(places) - 1
    for i in range(len(distances)):  # without a branch, which could not be foreseen
        places[min(many, last)] = i
        many += distances[i] <= bound
    if many <= last:
        for j in range(many):
            out[j] = np.uint64(key(distances[places[j]])) << np.uint64(32) | np.uint64(places[j])
    return many


@compiled
def put_grades(entries, group, table):
    """Replace the positions in entries by the grades of the items there."""
    for j in range(len(entries)):
        grade = table[group[entries[j] & np.uint64(0xFFFFFFFF)]]
        entries[j] = entries[j] >> np.uint64(32) << np.uint64(32) | np.uint64(grade)


@compiled
def gather_blocks(entries, tied, start_of, size_of, grades_of):
    """Blocks that hold a relevant item, of sorted entries that hold grades; returns how many.

    Args:
        entries: uint64 (n,).
        tied: Whether equal distances are one block.
        start_of: int32 (B,), B the number of relevant items or more.
        size_of: int32 (B,).
        grades_of: int32 (B, L), zeros.
    """
    block, i = 0, 0
    while i < len(entries):
        stop = i + 1
        while (
            tied and stop < len(entries) and entries[stop] >> np.uint64(32) == entries[i] >> np.uint64(32)
        ):
            stop += 1
        relevant = False
        for j in range(i, stop):
            grade = entries[j] & np.uint64(0xFFFFFFFF)
            if grade:
                grades_of[block, grade - 1] += 1
                relevant = True
        if relevant:
            start_of[block] = i
            size_of[block] = stop - i
            block += 1
        i = stop
    return block
