"""A comparison of detectors as tables of text, for a terminal and a report alike."""

from __future__ import annotations

from dataclasses import dataclass

from mien.evaluation.detection.comparison import DetectorComparison, DetectorRow
from mien.reports.rows import number, processor_of, share


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: its heading, its columns, the first of which is a name, and its rows."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def comparison_rows(found: DetectorComparison) -> list[Rows]:
    """Quality over all scores, over-detection at the score of use, cost, and the best in pairs."""
    first = found.rows[0].scores
    sizes, subsets = list(first.from_size), list(first.subsets)
    best = "" if first.ap50 is None else ", of the highest AP50,"
    return [
        Rows(
            "AP50, and AP50:95 at the end",
            ("detector", "all", "95 %", *(f"from {size} px" for size in sizes), *subsets, "50:95"),
            tuple(_quality(row, sizes, subsets) for row in found.rows),
        ),
        Rows(
            "As each is used, of all faces",
            ("detector", "score", "precision", "recall", "F1", "false a picture",
             "duplicates a face"),
            tuple(_used(row) for row in found.rows),
        ),
        Rows(
            "What it takes",
            ("detector", "ms a picture, median", "19 of 20 below", "megapixels a second",
             "on"),
            tuple(_cost(row) for row in found.rows),
        ),
        Rows(
            f"{found.rows[0].name}{best} against each other one",
            ("against", "AP50 higher by", "95 %", "it alone finds", "the other alone", "both",
             "neither"),
            tuple(
                (
                    pair.other,
                    share(pair.difference),
                    "" if pair.interval is None
                    else f"{100 * pair.interval.low:.1f} to {pair.interval.high:.1%}",
                    *(f"{n:,}" for n in
                      (pair.best_alone, pair.other_alone, pair.both, pair.neither)),
                )
                for pair in found.pairs
            ),
        ),
    ]  # fmt: skip


def about_comparison(found: DetectorComparison) -> str:
    """Which pictures, for a title."""
    first = found.rows[0].scores
    return (
        f"{first.dataset}, split {first.split}, {first.pictures:,} pictures, {first.faces:,} faces"
    )


def _quality(row: DetectorRow, sizes: list[str], subsets: list[str]) -> tuple[str, ...]:
    scores, interval = row.scores, row.scores.interval
    return (
        row.name,
        share(scores.ap50),
        "" if interval is None else f"{100 * interval.low:.1f} to {interval.high:.1%}",
        *(share(scores.from_size[size].ap50) for size in sizes),
        *(share(scores.subsets[name].ap50) for name in subsets),
        share(scores.ap),
    )


def _used(row: DetectorRow) -> tuple[str, ...]:
    used = row.scores.operating
    return (
        row.name,
        f"{row.scores.threshold:.3g}",
        *(share(value) for value in (used.precision, used.recall, used.f1)),
        number(used.false_per_picture),
        number(used.duplicates_per_face),
    )


def _cost(row: DetectorRow) -> tuple[str, ...]:
    speed = row.scores.speed
    return (
        row.name,
        f"{speed.median_ms:.1f}",
        f"{speed.p95_ms:.1f}",
        f"{speed.megapixels_per_second:.1f}",
        processor_of(row.scores.facts),
    )
