"""The best one-to-one assignment, in NumPy: the part of SciPy that a tracker needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def assign(values: Floats) -> tuple[Indices, Indices]:
    """Pairs of rows and columns of the largest total value, (n,) each, rows ascending.

    ``values``: (N, M) finite numbers. Every row and column is in one pair at most, and n is the
    smaller of N and M. Shortest augmenting paths (Jonker and Volgenant 1987; Crouse 2016), in
    O(n²·max(N, M)).
    """
    if values.shape[0] > values.shape[1]:
        columns, rows = assign(values.T)
        order = np.argsort(rows)
        return rows[order], columns[order]
    costs = values.max(initial=0.0) - values
    column_of, row_of = np.full(values.shape[0], -1), np.full(values.shape[1], -1)
    prices = np.zeros(values.shape[0]), np.zeros(values.shape[1])
    for row in range(values.shape[0]):
        end, before = _shortest_path(costs, row_of, prices, row)
        while True:  # every row on the path takes the next column
            at = before[end]
            row_of[end], column_of[at], end = at, end, column_of[at]
            if at == row:
                break
    return np.arange(values.shape[0]), column_of


def assign_above(values: Floats, least: float) -> list[tuple[int, int]]:
    """The pairs of the largest total excess over ``least``; none at or below it."""
    excess = np.maximum(values - least, 0.0)
    rows, columns = assign(excess)
    kept = excess[rows, columns] > 0
    return list(zip(rows[kept].tolist(), columns[kept].tolist(), strict=True))


def _shortest_path(
    costs: Floats, row_of: Indices, prices: tuple[Floats, Floats], start: int
) -> tuple[int, Indices]:
    """The free column at the least extra cost from row ``start``, and the row before each column.

    ``prices`` of rows and columns (the dual variables) are brought up to date.
    """
    u, v = prices
    length = np.full(len(v), np.inf)  # of the shortest path to each column
    before = np.full(len(v), -1)
    done = np.zeros(len(v), bool)
    row, reached = start, 0.0
    while True:
        through = reached + costs[row] - u[row] - v
        shorter = ~done & (through < length)
        length[shorter], before[shorter] = through[shorter], row
        column = int(np.where(done, np.inf, length).argmin())
        reached = float(length[column])
        if row_of[column] < 0:
            break
        done[column] = True
        row = int(row_of[column])
    u[start] += reached
    u[row_of[done]] += reached - length[done]
    v[done] -= reached - length[done]
    return column, before
