from __future__ import annotations

from pathlib import Path

import pytest

from mien.subjects.base import Settings
from mien.subjects.detector import DetectorSubject
from mien.subjects.measured_data import open_data
from mien.subjects.source import identify
from tests.support.coloured_faces import AP50, data_and_detector


@pytest.mark.parametrize(
    ("settings", "threshold", "asked_from"),
    [
        (Settings(), 0.5, 0.05),
        (Settings(threshold=0.85), 0.85, 0.05),
        (Settings(threshold=0.01), 0.01, 0.01),
        (Settings(detector_options=("score_threshold=0.02",)), 0.02, 0.02),
    ],
)
def test_it_is_asked_for_more_boxes_than_it_is_used_with(
    settings: Settings, threshold: float, asked_from: float, tmp_path: Path
) -> None:
    data, model = data_and_detector(tmp_path)
    subject = DetectorSubject.open(identify(str(model)), settings)
    measured = open_data(subject.source, subject.recipe, str(data))
    found = subject.answer(measured, "valid")
    assert (found.detector, found.dataset, found.split) == ("colours", "faces_val", "valid")
    assert found.threshold == subject.threshold == threshold
    assert found.facts["source"] == str(model) and found.facts["asked_from"] == asked_from
    assert found.facts["settings"] == list(settings.detector_options)
    assert subject.measure(found).ap50 == pytest.approx(AP50)  # over all scores
    assert "threads" not in found.facts


def test_only_the_first_pictures(tmp_path: Path) -> None:
    data, _ = data_and_detector(tmp_path)
    subject = DetectorSubject.open(identify("none"), Settings(limit=2, threads=1))
    found = subject.answer(open_data(subject.source, subject.recipe, str(data)), "valid")
    assert len(found) == 2 and found.facts["threads"] == 1 and found.facts["asked_from"] == 0.0


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (Settings(), True),
        (Settings(threads=2), True),
        (Settings(threshold=0.5), False),
        (Settings(limit=5), False),
        (Settings(detector_options=("min_face_size=20",)), False),
    ],
)
def test_only_usual_answers_are_kept(settings: Settings, kept: bool) -> None:
    path = Path("run/detections/valid.npz") if kept else None
    assert DetectorSubject.kept_path(Path("run"), "valid", settings) == path
