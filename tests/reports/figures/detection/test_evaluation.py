from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.datasets.opening import open_dataset
from mien.evaluation.detection.measures import measure
from mien.reports.figures.detection.evaluation import detection_figures
from tests.support.coloured_faces import PICTURES, write_zip
from tests.support.detections import answer, detections
from tests.support.figures import check_whole


def test_every_figure_is_whole_and_named(tmp_path: Path) -> None:
    dataset = open_dataset(write_zip(tmp_path / "faces_val.zip", PICTURES), "coco")
    answers = detections(
        answer([[8, 8, 40, 48]], [[60, 8, 90, 40]], key="images/found.png", size=(96, 64)),
        answer([[20, 20, 60, 60]], key="images/unsure.png", size=(96, 64)),
    )
    epochs = [{"epoch": 1, "train_loss": 1.0, "valid_ap50": 0.5}]
    figures = dict(detection_figures(measure(answers), answers, dataset, epochs))
    assert list(figures) == [
        "curves", "precision_recall", "recall_by_size", "misses", "missed_faces", "false_positives",
    ]  # fmt: skip
    for name in set(figures) - {"missed_faces", "false_positives"}:  # one row each: lower than 300
        check_whole(figures[name], tmp_path / f"{name}.png")
    assert "curves" not in dict(detection_figures(measure(answers), answers, dataset))
