"""Every figure of a detector's evaluation, by the name that its file has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mien.datasets.base import SceneDataset
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.measures import DetectionScores
from mien.reports.figures.curves import curves_figure
from mien.reports.figures.cutouts import Spot, cutouts_figure, false_spots, missed_spots
from mien.reports.figures.detection import about, precision_recall_figure, recall_by_size_figure
from mien.reports.figures.misses import misses_figure, worst
from mien.reports.figures.scenes import read_crops, read_views

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = 12


def detector_figures(
    found: DetectionScores,
    answers: Detections,
    dataset: SceneDataset,
    epochs: Sequence[Mapping[str, Any]] = (),
) -> Iterator[tuple[str, Figure]]:
    """``precision_recall``, ``recall_by_size``, ``misses``, ``missed_faces`` and
    ``false_positives``, one at a time: pictures of ``dataset`` are large.

    ``epochs`` are the rows of a run's metrics; where there are any, ``curves`` come first.
    """
    if epochs:
        yield "curves", curves_figure(epochs, f"Training of {found.detector}")
    yield "precision_recall", precision_recall_figure(found)
    yield "recall_by_size", recall_by_size_figure(found, answers)
    whose = f"{found.detector} on {about(found)}, used at a score of {found.threshold:.3g}"
    keys = worst([answers], PICTURES)
    views = read_views(dataset, answers.split, keys)
    shown = {key: views[key] for key in keys if key in views}
    yield "misses", misses_figure(answers, shown, f"The worst pictures: {whose}")
    for name, title, groups in (
        ("missed_faces", "Missed faces", missed_spots(answers)),
        ("false_positives", "Over-detected", false_spots(answers)),
    ):
        spots: list[Spot] = [spot for group in groups.values() for spot in group]
        crops = read_crops(dataset, answers.split, [spot.place for spot in spots])
        yield name, cutouts_figure(groups, crops, answers.threshold, f"{title}: {whose}")
