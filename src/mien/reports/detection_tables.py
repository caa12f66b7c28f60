"""A detector's measures, and a comparison of detectors, as tables of text.

The command line and the HTML reports show the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mien.evaluation.detection.comparison import DetectorComparison, DetectorPair, DetectorRow
from mien.evaluation.detection.measures import DetectionScores, Operating
from mien.reports.text import ends, number, share

PART_COLUMNS = (
    "faces", "AP50", "precision", "recall", "F1", "false per picture", "duplicates per face",
)  # fmt: skip
"""Columns of ``part_rows``."""


def part_rows(scores: DetectionScores) -> list[tuple[str, tuple[str, ...]]]:
    """Name and cells (``PART_COLUMNS``) of all faces, faces of a least size, and each subset.

    AP50 is over all scores, the cells after it are at the score threshold in use; empty if not
    measured.
    """
    rows: list[tuple[str, int, float | None, Operating | None]] = [
        ("all faces", scores.faces, scores.ap50, scores.operating)
    ]
    rows += [
        (f"{size} px and more", part.faces, part.ap50, part.operating)
        for size, part in scores.from_size.items()
    ]
    rows += [(name, part.faces, part.ap50, part.operating) for name, part in scores.subsets.items()]
    return [(name, (f"{faces:,}", share(ap50), *_rates(used))) for name, faces, ap50, used in rows]


def measure_rows(scores: DetectionScores) -> list[tuple[str, str]]:
    """COCO's measures of all faces, by name."""
    ap50 = share(scores.ap50)
    if scores.interval is not None:
        ap50 += f"  (95% CI: {ends(scores.interval)})"
    return [
        ("AP50", ap50),
        ("AP50:95", share(scores.ap)),
        ("AP75", share(scores.ap75)),
        ("AP50:95, small faces (up to 32 px)", share(scores.ap_small)),
        ("AP50:95, medium faces (32 to 96 px)", share(scores.ap_medium)),
        ("AP50:95, large faces (from 96 px)", share(scores.ap_large)),
        ("average recall, 1 / 10 / 100 boxes per picture",
         " / ".join(share(value) for value in (scores.ar1, scores.ar10, scores.ar100)
                    if value is not None)),
    ]  # fmt: skip


def cost_rows(scores: DetectionScores) -> list[tuple[str, str]]:
    """Time and memory, the hardware, and what exactly was timed."""
    speed, facts = scores.speed, scores.facts
    asked = facts.get("asked_from")
    timed = "detection only, without decoding, one picture at a time"
    if asked is not None and asked < scores.threshold:
        timed += f"; all boxes from a score of {asked:.3g} were kept, so normal use may be faster"
    return [
        ("ms per picture", f"median {speed.median_ms:.1f}, mean {speed.mean_ms:.1f}, "
                           f"95th percentile {speed.p95_ms:.1f}"),
        ("megapixels per second", f"{speed.megapixels_per_second:.1f}"),
        ("memory", _memory(facts)),
        ("hardware", _hardware(facts)),
        ("timed", timed),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text; the first column holds names."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def comparison_tables(comparison: DetectorComparison) -> list[Table]:
    """Quality over all scores, quality at each score threshold, cost, and the best in pairs."""
    rows = comparison.rows
    sizes, subsets = list(rows[0].scores.from_size), list(rows[0].scores.subsets)
    best = f"{rows[0].name}{'' if rows[0].scores.ap50 is None else ' (highest AP50)'}"
    return [
        Table(
            "AP50 by face size and subset, and AP50:95",
            ("detector", "all", "95% CI", *(f"from {size} px" for size in sizes), *subsets,
             "50:95"),
            tuple(_quality(row, sizes, subsets) for row in rows),
        ),
        Table(
            "All faces, at each detector's score threshold",
            ("detector", "threshold", *PART_COLUMNS[2:]),
            tuple(
                (row.name, f"{row.scores.threshold:.3g}", *_rates(row.scores.operating))
                for row in rows
            ),
        ),
        Table(
            "Time",
            ("detector", "ms per picture, median", "95th percentile", "megapixels per second",
             "hardware"),
            tuple(_cost(row) for row in rows),
        ),
        Table(
            f"{best} against each other detector",
            ("against", "AP50 difference", "95% CI", "found by it alone", "by the other alone",
             "by both", "by neither"),
            tuple(_pair(pair) for pair in comparison.pairs),
        ),
    ]  # fmt: skip


def _quality(row: DetectorRow, sizes: list[str], subsets: list[str]) -> tuple[str, ...]:
    scores = row.scores
    return (
        row.name,
        share(scores.ap50),
        ends(scores.interval),
        *(share(scores.from_size[size].ap50) for size in sizes),
        *(share(scores.subsets[name].ap50) for name in subsets),
        share(scores.ap),
    )


def _rates(used: Operating | None) -> tuple[str, ...]:
    """The cells of ``PART_COLUMNS`` from precision on."""
    if used is None:
        return ("",) * 5
    return (
        share(used.precision),
        share(used.recall),
        share(used.f1),
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
        _hardware(row.scores.facts),
    )


def _pair(pair: DetectorPair) -> tuple[str, ...]:
    counts = (pair.best_alone, pair.other_alone, pair.both, pair.neither)
    return (
        pair.other,
        share(pair.difference),
        ends(pair.interval),
        *(f"{count:,}" for count in counts),
    )


def _hardware(facts: Mapping[str, Any]) -> str:
    """Threads (or cores) and processor, as far as known."""
    cores = facts.get("threads") or facts.get("cores")
    return " × ".join(str(part) for part in (cores, facts.get("processor")) if part)


def _memory(facts: Mapping[str, Any]) -> str:
    peak, more = facts.get("peak_mib"), facts.get("memory_mib")
    if peak is None:
        return "not reported by this system"
    return f"{peak:,.0f} MiB peak" + ("" if more is None else f", {more:,.0f} of it for detection")
