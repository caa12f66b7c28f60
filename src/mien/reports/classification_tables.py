"""Tables of a classifier's evaluation, for the terminal."""

from __future__ import annotations

from mien.evaluation.classification.measures import Evaluation

AFFECT_COLUMNS = ("", "CCC", "95 %", "RMSE", "95 %", "Pearson's r", "95 %", "pictures")


def affect_rows(scores: Evaluation) -> list[tuple[str, ...]]:
    """One row each for valence and arousal, with the columns ``AFFECT_COLUMNS``."""
    rows = []
    for name, each in scores.affect.items():
        cells = [name]
        for key, value in (("ccc", each.ccc), ("rmse", each.rmse), ("pearson", each.pearson)):
            interval = each.intervals[key]
            cells += [f"{value:.3f}", f"{interval.low:.3f} to {interval.high:.3f}"]
        rows.append((*cells, f"{each.n:,}"))
    return rows
