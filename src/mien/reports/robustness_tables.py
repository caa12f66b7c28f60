"""Accuracy on corrupted pictures as tables of text, the same on the command line and in reports."""

from __future__ import annotations

import numpy as np

from mien.evaluation.classification.robustness import (
    Robustness,
    RobustnessComparison,
    RobustnessPair,
)
from mien.evaluation.corruptions import CORRUPTIONS, STRENGTHS
from mien.evaluation.metrics import Interval
from mien.reports.detection_tables import Table
from mien.reports.text import ends, share

KIND_COLUMNS = ("corruption", *map(str, STRENGTHS), "mean")
"""Titles of ``kind_rows``."""
STRENGTH_COLUMNS = (*KIND_COLUMNS[:-1], "unit")
"""Titles of ``strength_rows``."""


def robustness_title(scores: Robustness) -> str:
    """Which classifier on which pictures."""
    return f"{scores.model} on {corrupted_pictures(scores)}"


def corrupted_pictures(scores: Robustness) -> str:
    """Which pictures, clean and corrupted."""
    splits = "" if scores.splits == "official" else f" ({scores.splits})"
    versions = len(scores.kinds) * len(STRENGTHS)
    return (
        f"{scores.dataset}, split {scores.split}{splits}, {scores.n:,} pictures, "
        f"clean and in {versions} corrupted versions"
    )


def headline_rows(scores: Robustness) -> list[tuple[str, str, str]]:
    """Name, share and 95 % interval of the two headline figures."""
    return [
        ("accuracy on clean pictures", share(scores.accuracy), ends(scores.intervals["accuracy"])),
        (
            "corruption error",
            share(scores.corruption_error),
            ends(scores.intervals["corruption_error"]),
        ),
    ]


def kind_rows(scores: Robustness) -> list[tuple[str, ...]]:
    """Accuracy by kind and strength, with the means."""
    rows = [
        (kind, *map(share, each.accuracies), share(each.accuracy))
        for kind, each in scores.kinds.items()
    ]
    columns = np.array([each.accuracies for each in scores.kinds.values()])
    means = (*columns.mean(axis=0).tolist(), float(columns.mean()))
    return [*rows, ("mean", *map(share, means))]


def strength_rows(scores: Robustness) -> list[tuple[str, ...]]:
    """What the five strengths of each kind stand for, and in which unit."""
    return [
        (
            kind,
            *(f"{level:g}" for level in each.levels),
            CORRUPTIONS[kind].unit if kind in CORRUPTIONS else "",
        )
        for kind, each in scores.kinds.items()
    ]


def comparison_tables(found: RobustnessComparison) -> list[Table]:
    """Headlines, accuracy of each kind, and the best classifier against each of the others."""
    scores = [row.scores for row in found.rows]
    best = found.rows[0].name
    return [
        Table(
            "Scores",
            ("classifier", "accuracy, clean", "95 %", "corruption error", "95 %"),
            tuple(
                (row.name, *(cell for line in headline_rows(row.scores) for cell in line[1:]))
                for row in found.rows
            ),
        ),
        Table(
            "Accuracy on each corruption, mean over the strengths",
            ("corruption", *(row.name for row in found.rows)),
            tuple(
                (kind, *(share(each.kinds[kind].accuracy) for each in scores))
                for kind in scores[0].kinds
            ),
        ),
        Table(
            f"{best}, which has the lowest corruption error on these pictures, against each of the "
            "others, on the same corrupted pictures",
            ("against", "corruption error (95 %)", "relative to it (95 %)",
             "accuracy, clean (95 %)"),
            tuple(map(_pair, found.pairs)),
        ),
    ]  # fmt: skip


def _pair(pair: RobustnessPair) -> tuple[str, ...]:
    relative = pair.relative_interval
    return (
        pair.other,
        _points(pair.difference, pair.difference_interval),
        "" if relative is None else f"{share(pair.relative)} ({ends(relative)})",
        _points(pair.clean_difference, pair.clean_interval),
    )


def _points(value: float, interval: Interval) -> str:
    """A difference and its interval in percentage points, with their signs."""
    return f"{100 * value:+.2f} ({100 * interval.low:+.2f} to {100 * interval.high:+.2f})"
