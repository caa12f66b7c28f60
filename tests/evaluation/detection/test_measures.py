from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from mien.detectors.load import load_detector
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.detect import detect_all
from mien.evaluation.detection.measures import measure
from mien.evaluation.detection.precision import ALL, LARGE, MEDIUM, SMALL
from tests.support.coco_reference import coco_eval
from tests.support.detections import answer, detections, made_up

FACE, FAR = [0, 0, 100, 100], [300, 300, 400, 400]


def test_the_summary_is_that_of_pycocotools() -> None:
    pytest.importorskip("pycocotools", reason="the 'dev' extra brings pycocotools")
    made = made_up(6)
    run = coco_eval(made, {"all": ALL, "small": SMALL, "medium": MEDIUM, "large": LARGE})
    run.summarize()
    scores = measure(made, cap=100)
    ours = (
        scores.ap, scores.ap50, scores.ap75, scores.ap_small, scores.ap_medium, scores.ap_large,
        scores.ar1, scores.ar10, scores.ar100,
    )  # fmt: skip
    assert ours == pytest.approx(tuple(run.stats[:9]), abs=1e-12)
    assert len(set(ours)) > 7


def test_the_summary_of_a_real_detector_is_that_of_pycocotools(shared: Path) -> None:
    pytest.importorskip("pycocotools", reason="the 'dev' extra brings pycocotools")
    detector = load_detector("yunet", options={"score_threshold": 0.05, "min_face_size": 20})
    data = open_dataset(shared / "data" / "wider_val_dev.zip", "coco")
    found = detect_all(detector, data, "valid", limit=30)
    run = coco_eval(found, {"all": ALL, "small": SMALL, "medium": MEDIUM, "large": LARGE})
    run.summarize()
    scores = measure(found, cap=100)
    ours = (
        scores.ap, scores.ap50, scores.ap75, scores.ap_small, scores.ap_medium, scores.ap_large,
        scores.ar1, scores.ar10, scores.ar100,
    )  # fmt: skip
    assert ours == pytest.approx(tuple(run.stats[:9]), abs=1e-12)
    assert scores.operating.found > 50


def test_the_order_of_the_pictures_changes_nothing() -> None:
    made = made_up(2)  # ties within pictures and between them
    expected = json.dumps(measure(made).to_dict())
    rng = np.random.default_rng(0)
    for _ in range(2):
        shuffled = tuple(made.answers[i] for i in rng.permutation(len(made)))
        assert (
            json.dumps(measure(dataclasses.replace(made, answers=shuffled)).to_dict()) == expected
        )


def test_by_hand() -> None:
    first = answer(
        [FACE, FAR], [FACE, [0, 0, 100, 70], [500, 0, 550, 50]], [0.9, 0.8, 0.7], ms=10.0,
        subsets={"hard": [True, True], "easy": [True, False]}, size=(1000, 500),
    )  # fmt: skip
    second = answer([[0, 0, 35, 35]], [[0, 0, 35, 35], FAR], [0.6, 0.1], key="b.jpg", ms=30.0)
    made = detections(first, second, answer(key="c.jpg", ms=20.0), threshold=0.5)
    scores = measure(dataclasses.replace(made, facts={"cores": 2}))
    assert (scores.pictures, scores.faces, scores.ignored) == (3, 3, 0)
    # Right at 0.9, wrong twice, right at 0.6: precision 1 up to recall 1/3, then 1/2 up to 2/3.
    assert scores.ap50 == pytest.approx((34 * 1 + 33 * 0.5) / 101)
    assert scores.ar1 == pytest.approx(2 / 3)
    at = scores.operating
    assert (at.found, at.missed, at.false, at.duplicates) == (2, 1, 1, 1)
    assert at.precision == pytest.approx(0.5) and at.recall == pytest.approx(2 / 3)
    assert at.f1 == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))
    assert at.false_per_picture == pytest.approx(1 / 3) and at.duplicates_per_face == 0.5
    speed = scores.speed
    assert (speed.median_ms, speed.mean_ms) == (20.0, 20.0) and 28 < speed.p95_ms <= 30
    assert speed.megapixels_per_second == pytest.approx((0.5 + 2 * 0.3072) / 0.06)
    # From 40 px the small face of the second picture, found or not, is no matter.
    assert {size: part.faces for size, part in scores.from_size.items()} == {"32": 3, "40": 2}
    forty = scores.from_size["40"].operating
    assert forty is not None and (forty.found, forty.missed, forty.false) == (1, 1, 1)
    assert list(scores.subsets) == ["easy", "hard"]
    assert scores.subsets["easy"].faces == 1 and scores.subsets["easy"].ap50 == pytest.approx(1)
    assert scores.subsets["hard"].ap50 == pytest.approx(0.5)
    assert scores.curve.recall == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    assert scores.curve.precision == pytest.approx((1, 1 / 2, 2 / 5))
    assert scores.facts == {"cores": 2} and scores.fingerprint == made.fingerprint


def test_perfect_and_hopeless() -> None:
    faces = [FACE, FAR, [200, 0, 220, 20]]
    perfect = measure(detections(answer(faces, faces)))
    assert perfect.ap == perfect.ap50 == perfect.ap75 == perfect.ar10 == pytest.approx(1)
    assert perfect.ar1 == pytest.approx(1 / 3)
    assert perfect.operating.f1 == 1 and perfect.operating.duplicates_per_face == 0
    assert perfect.interval is not None and perfect.interval.low == pytest.approx(1)
    hopeless = measure(detections(answer(faces)))
    assert hopeless.ap == hopeless.ap50 == hopeless.ar100 == hopeless.operating.recall == 0
    assert hopeless.operating.precision is hopeless.operating.duplicates_per_face is None
    assert hopeless.operating.f1 == 0


@pytest.mark.parametrize(
    "made",
    [detections(), detections(answer()), detections(answer(boxes=[FACE])),
     detections(answer([FACE], ignored=[True]))],
)  # fmt: skip
def test_without_faces_values_are_none_and_json_is_safe(made: Detections) -> None:
    scores = measure(made)
    assert scores.ap is scores.ap50 is scores.ap_small is scores.ar1 is scores.interval is None
    assert scores.operating.recall is None and scores.operating.found == 0
    assert scores.from_size["40"].ap50 is None
    json.dumps(scores.to_dict(), allow_nan=False)


def test_a_cap_lowers_what_many_boxes_find() -> None:
    faces = [[x, y, x + 9, y + 9] for x in range(0, 150, 10) for y in range(0, 150, 10)]
    made = detections(answer(faces, faces))
    assert measure(made).ap50 == pytest.approx(1)
    capped = measure(made, cap=100).ap50
    assert capped == pytest.approx(45 / 101)  # 100 of 225 faces: recalls up to 0.44
