"""Every figure of a comparison of detectors, by the name that its file has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mien.datasets.base import SceneDataset
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.comparison import DetectorComparison
from mien.reports.figures.compare import Mark, comparison_figure
from mien.reports.figures.detection import curves_figure
from mien.reports.figures.misses import side_by_side_figure, worst
from mien.reports.figures.scenes import read_views

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = 8


def detectors_figures(
    found: DetectorComparison,
    answers: Mapping[str, Detections],
    dataset: SceneDataset | None,
    title: str,
) -> Iterator[tuple[str, Figure]]:
    """``precision_recall``, ``speed`` and ``side_by_side``, one at a time; the last one where
    there is a ``dataset`` to take the pictures from.
    """
    lines = {
        row.name: (row.scores.curve, row.scores.ap50, row.scores.operating) for row in found.rows
    }
    yield "precision_recall", curves_figure(lines, title, "as it is used")
    yield "speed", speed_figure(found, title)
    if dataset is None:
        return
    ordered = {row.name: answers[row.name] for row in found.rows}
    keys = worst(list(ordered.values()), PICTURES)
    views = read_views(dataset, found.rows[0].scores.split, keys)
    shown = {key: views[key] for key in keys if key in views}
    yield "side_by_side", side_by_side_figure(ordered, shown, title)


def speed_figure(found: DetectorComparison, title: str) -> Figure:
    """AP50 with its interval, and AP50 against milliseconds a picture."""
    marks = [
        Mark(
            row.name,
            row.scores.ap50,
            interval.low if interval else row.scores.ap50,
            interval.high if interval else row.scores.ap50,
            row.scores.speed.median_ms,
        )
        for row in found.rows
        for interval in [row.scores.interval]
        if row.scores.ap50 is not None
    ]
    return comparison_figure(marks, title, "AP50", "ms a picture, median")
