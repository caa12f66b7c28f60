"""All figures of a comparison of detectors, by the name of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mien.datasets.base import SceneDataset
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.comparison import DetectorComparison
from mien.reports.figures.detection.curves import precision_recall_curves
from mien.reports.figures.detection.misses import side_by_side_figure, worst_keys
from mien.reports.figures.detection.pictures import read_pictures
from mien.reports.figures.tradeoff import ComparedModel, tradeoff_figure
from mien.reports.text import detection_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = 8


def comparison_figures(
    comparison: DetectorComparison, answers: Mapping[str, Detections], dataset: SceneDataset | None
) -> Iterator[tuple[str, Figure]]:
    """``precision_recall``, ``speed`` and ``side_by_side``, one at a time; the last one only with
    a ``dataset`` to take pictures from.
    """
    title = detection_pictures(comparison.rows[0].scores)
    lines = {
        row.name: (row.scores.curve, row.scores.ap50, row.scores.operating)
        for row in comparison.rows
    }
    yield "precision_recall", precision_recall_curves(lines, title, "score threshold in use")
    yield "speed", speed_figure(comparison)
    if dataset is None:
        return
    ordered = {row.name: answers[row.name] for row in comparison.rows}
    keys = worst_keys(list(ordered.values()), PICTURES)
    shown = read_pictures(dataset, comparison.rows[0].scores.split, keys)
    yield "side_by_side", side_by_side_figure(ordered, shown, title)


def speed_figure(comparison: DetectorComparison) -> Figure:
    """AP50 with its interval, and AP50 against milliseconds per picture."""
    models = [
        ComparedModel(
            row.name,
            row.scores.ap50,
            interval.low if interval else row.scores.ap50,
            interval.high if interval else row.scores.ap50,
            row.scores.speed.median_ms,
        )
        for row in comparison.rows
        for interval in [row.scores.interval]
        if row.scores.ap50 is not None
    ]
    title = detection_pictures(comparison.rows[0].scores)
    return tradeoff_figure(models, title, "AP50", "ms per picture, median")
