from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.precision import (
    ALL,
    IOUS,
    LARGE,
    MEDIUM,
    SMALL,
    Sides,
    Verdict,
    area,
    average_precision,
    curve,
    in_order,
    judge,
    judge_wider,
    pool,
    recall,
)
from tests.support.coco_reference import coco_eval
from tests.support.detections import answer, detections, made_up

RANGES: dict[str, Sides] = {
    "all": ALL, "small": SMALL, "medium": MEDIUM, "large": LARGE, "32": (32.0, 1e5), "40": (40, 1e5)
}  # fmt: skip


def check_against_pycocotools(found: Detections, cap: int = 100) -> int:
    """AP and AR at every IoU, in every range, to 1e-12; how many of them there were."""
    pytest.importorskip("pycocotools", reason="the 'dev' extra brings pycocotools")
    reference = coco_eval(found, RANGES, cap)
    compared = 0
    for row, sides in enumerate(RANGES.values()):
        verdicts = [judge(one, IOUS, sides) for one in in_order(found.answers)]
        theirs = reference.eval["precision"][:, :, 0, row, 2].mean(axis=1)  # (T,)
        ours = average_precision(pool(verdicts, cap))
        if theirs[0] == -1:  # no face: theirs is -1, ours None
            assert ours is None and recall(pool(verdicts)) is None
            continue
        assert ours is not None and np.abs(ours - theirs).max() < 1e-12
        for column, most in enumerate((1, 10, cap)):
            theirs = reference.eval["recall"][:, 0, row, column]
            assert np.abs(recall(pool(verdicts, most)) - theirs).max() < 1e-12
        compared += 1
    return compared


@pytest.mark.parametrize(("seed", "cap"), [(0, 100), (1, 100), (2, 15), (3, 100)])
def test_as_pycocotools(seed: int, cap: int) -> None:
    """With ties, crowds, faces in one place, pictures without faces and without boxes."""
    assert check_against_pycocotools(made_up(seed, ties=seed != 3), cap) == len(RANGES)


def test_as_pycocotools_on_real_faces(shared: Path) -> None:
    """Every marked face of some pictures, moved a little, twice, and boxes of nothing."""
    rng = np.random.default_rng(0)
    answers = []
    reader = open_dataset(str(shared / "data" / "wider_val_dev.zip"), "coco", [])
    for scene in list(reader.scenes("valid"))[::16]:
        twice = np.repeat(scene.boxes, 2, axis=0)
        boxes = twice + rng.normal(0, 0.06, twice.shape) * np.tile(twice[:, 2:] - twice[:, :2], 2)
        boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
        scores = np.round(rng.uniform(0, 1, len(boxes)), 2)
        answers.append(
            answer(scene.boxes, boxes, scores, key=scene.key, ignored=scene.ignored)
        )  # fmt: skip
    found = detections(*answers)
    assert len(found) == 25 and sum(len(one.truth) for one in answers) > 150
    assert check_against_pycocotools(found) == len(RANGES)


def test_by_hand() -> None:
    """Four faces; right, wrong, right, right: precision 1, 1/2, 2/3, 3/4 at recall 1/4 … 3/4."""
    faces = [[x, 0, x + 40, 40] for x in (0, 100, 200, 300)]
    boxes = [faces[0], [500, 0, 540, 40], faces[1], faces[2]]
    found = pool([judge(answer(faces, boxes))])
    # Interpolated: 1 for the 26 recalls up to 0.25, 3/4 for the 50 up to 0.75, 0 for the rest.
    assert average_precision(found) == pytest.approx(np.full(10, (26 + 50 * 0.75) / 101))
    assert area(found) == pytest.approx(np.full(10, 0.25 + 0.5 * 0.75))
    assert recall(found) == pytest.approx(np.full(10, 0.75))
    drawn = curve(found)
    assert drawn.recall == pytest.approx((0.25, 0.5, 0.75))
    assert drawn.precision == pytest.approx((1, 2 / 3, 3 / 4))
    assert drawn.score == pytest.approx((1, 0.998, 0.997))


def test_nothing_to_measure() -> None:
    box = [[0, 0, 40, 40]]
    no_face, no_box = pool([judge(answer(boxes=box))]), pool([judge(answer(box))])
    assert average_precision(no_face) is area(no_face) is recall(no_face) is None
    for value in (average_precision(no_box), area(no_box), recall(no_box)):
        assert value is not None and value.tolist() == [0.0] * 10
    nothing = pool([])
    assert average_precision(nothing) is None
    assert curve(no_face).recall == curve(no_box).recall == curve(nothing).recall == ()


def test_faces_and_stray_boxes_of_another_size_are_neither_right_nor_wrong() -> None:
    small, large, lost = [0, 0, 20, 20], [100, 100, 200, 200], [300, 300, 310, 310]
    one = answer([small, large], [small, large, lost])
    verdict = judge(one, np.array([0.5]), (32.0, 1e5))
    assert verdict.faces == 1 and verdict.right.tolist() == [[False, True, False]]
    assert not verdict.wrong.any()
    assert judge(one, np.array([0.5])).wrong.tolist() == [[False, False, True]]
    # Both ends belong to the range, as with COCO.
    ends = answer([[0, 0, 32, 32], [50, 50, 82, 82.1]])
    assert [judge(ends, IOUS, sides).faces for sides in (SMALL, MEDIUM)] == [1, 2]


@pytest.mark.parametrize("subset", ["easy", "hard"])
def test_area_is_that_of_wider_face_at_every_score(subset: str) -> None:
    """The published sum, with a threshold at each score in place of a thousand even ones."""
    found = made_up(7, ties=False)
    verdicts = [judge_wider(one, subset) for one in found.answers]
    total = sum(verdict.faces for verdict in verdicts)
    rows = []
    for limit in sorted((score for v in verdicts for score in v.scores), reverse=True):
        kept = [v.scores >= limit for v in verdicts]
        right = sum(int((v.right[0] & k).sum()) for v, k in zip(verdicts, kept, strict=True))
        wrong = sum(int((v.wrong[0] & k).sum()) for v, k in zip(verdicts, kept, strict=True))
        rows.append((right / total, right / max(right + wrong, 1)))
    recalls = np.array([0.0, *(row[0] for row in rows), 1.0])
    precisions = np.array([0.0, *(row[1] for row in rows), 0.0])
    for i in range(len(precisions) - 1, 0, -1):
        precisions[i - 1] = max(precisions[i - 1], precisions[i])
    expected = float(((recalls[1:] - recalls[:-1]) * precisions[1:]).sum())
    value = area(pool(verdicts))
    assert value is not None and 0.1 < expected < 0.9
    assert value[0] == pytest.approx(expected, abs=1e-12)


def test_what_counts_in_a_subset() -> None:
    faces = [[0, 0, 40, 40], [100, 0, 140, 40], [200, 0, 240, 40]]
    one = answer(
        faces, [*faces, faces[1], [400, 0, 440, 40]],
        ignored=[False, False, True], subsets={"easy": [True, False, True]},
    )  # fmt: skip
    verdict = judge_wider(one, "easy")
    assert verdict.faces == 1  # an ignored face is in no subset
    assert verdict.right.tolist() == [[True, False, False, False, False]]
    assert verdict.wrong.tolist() == [[False, False, False, False, True]]
    assert judge_wider(one, "unknown").faces == 0


def test_a_cap_takes_the_best_of_each_picture() -> None:
    scores = np.array([0.9, 0.5, 0.1], np.float32)
    yes = np.array([[True, True, True]])
    found = pool([Verdict(scores, yes, ~yes, 3), Verdict(scores - 0.05, ~yes, yes, 1)], cap=2)
    assert found.scores.tolist() == pytest.approx([0.9, 0.85, 0.5, 0.45])
    assert found.picture.tolist() == [0, 1, 0, 1] and found.faces.tolist() == [3, 1]
    assert found.right.tolist() == [[True, False, True, False]]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    rng = np.random.default_rng(0)
    scores = np.sort(rng.random(3000).astype(np.float32))[::-1]
    right = rng.random((1, 3000)) < 0.6
    right[0, -1] = False
    found = pool([Verdict(scores, right, ~right, int(right.sum()))])
    whole, thin = curve(found, points=10_000), curve(found, points=50)
    assert len(whole.recall) == right.sum() + 1 and len(thin.recall) == 50
    points = set(zip(whole.recall, whole.precision, whole.score, strict=True))
    assert set(zip(thin.recall, thin.precision, thin.score, strict=True)) <= points
    assert thin.recall[-1] == 1.0 and thin.score[-1] == pytest.approx(float(scores[-1]))
    assert thin.recall[0] == whole.recall[0] and list(thin.recall) == sorted(thin.recall)
