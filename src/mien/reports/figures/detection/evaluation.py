"""All figures of a detector's evaluation, by the name of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mien.datasets.base import SceneDataset
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.measures import DetectionScores
from mien.reports.figures.detection.curves import precision_recall_figure, recall_by_size_figure
from mien.reports.figures.detection.cutouts import cutouts_figure, missed_faces, wrong_boxes
from mien.reports.figures.detection.misses import misses_figure, worst_keys
from mien.reports.figures.detection.pictures import read_cutouts, read_pictures
from mien.reports.figures.training import training_figure
from mien.reports.text import detector_on_pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = 12


def detection_figures(
    scores: DetectionScores,
    answers: Detections,
    dataset: SceneDataset,
    epochs: Sequence[Mapping[str, Any]] = (),
) -> Iterator[tuple[str, Figure]]:
    """``curves``, ``precision_recall``, ``recall_by_size``, ``misses``, ``missed_faces`` and
    ``false_positives``, one at a time because pictures of ``dataset`` are large.

    ``epochs`` are the rows of a run's metrics; without them there is no ``curves``.
    """
    if epochs:
        yield "curves", training_figure(epochs, f"Training of {scores.detector}")
    yield "precision_recall", precision_recall_figure(scores)
    yield "recall_by_size", recall_by_size_figure(scores, answers)
    subject = f"{detector_on_pictures(scores)}, score threshold {scores.threshold:.3g}"
    shown = read_pictures(dataset, answers.split, worst_keys([answers], PICTURES))
    yield "misses", misses_figure(answers, shown, f"The worst pictures: {subject}")
    for name, title, groups in (
        ("missed_faces", "Missed faces", missed_faces(answers)),
        ("false_positives", "Wrong boxes", wrong_boxes(answers)),
    ):
        places = [cutout.place for group in groups.values() for cutout in group]
        regions = read_cutouts(dataset, answers.split, places)
        yield name, cutouts_figure(groups, regions, answers.threshold, f"{title}: {subject}")
