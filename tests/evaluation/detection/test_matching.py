from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.detection.matching import areas, match, match_wider, overlap
from mien.types import Box
from tests.support.detections import made_up

IOUS = np.linspace(0.5, 0.95, 10)


def overlap_by_hand(box: np.ndarray, face: np.ndarray, crowd: bool) -> float:
    box, face = box.astype(float), face.astype(float)
    width = min(box[2], face[2]) - max(box[0], face[0])
    height = min(box[3], face[3]) - max(box[1], face[1])
    shared = width * height if width > 0 and height > 0 else 0.0
    own = (box[2] - box[0]) * (box[3] - box[1])
    other = (face[2] - face[0]) * (face[3] - face[1])
    return shared / own if crowd else shared / (own + other - shared)


def match_by_hand(
    boxes: np.ndarray, truth: np.ndarray, ignored: np.ndarray, crowd: np.ndarray, iou: float
) -> list[int]:
    """One box after the other looks at every face: no faster way is taken."""
    taken: set[int] = set()
    answer = []
    for box in boxes:
        best = (-1, False, 0.0)  # face, whether it counts, overlap
        for i, face in enumerate(truth):
            if i in taken and not crowd[i]:
                continue
            value = overlap_by_hand(box, face, crowd[i])
            if value >= min(iou, 1 - 1e-10) and (not ignored[i], value) >= best[1:]:
                best = (i, not ignored[i], value)
        answer.append(best[0])
        taken.add(best[0])
    return answer


@pytest.mark.parametrize("seed", range(4))
def test_a_slow_implementation_gives_the_same(seed: int) -> None:
    matched = 0
    for answer in made_up(seed, pictures=12).answers:
        rng = np.random.default_rng(seed)
        ignored = answer.ignored | (rng.random(len(answer.truth)) < 0.3)
        found = match(answer.boxes, answer.truth, ignored, answer.ignored, IOUS)
        for row, iou in enumerate(IOUS):
            slow = match_by_hand(answer.boxes, answer.truth, ignored, answer.ignored, iou)
            assert found.face[row].tolist() == slow
        took = found.face >= 0
        assert np.array_equal(found.ignored[took], ignored[found.face[took]])
        assert not found.ignored[~took].any() and np.array_equal(found.right, took & ~found.ignored)
        matched += took.sum()
    assert matched > 300


def test_the_first_boxes_are_matched_as_if_they_were_alone() -> None:
    answer = max(made_up(5).answers, key=lambda answer: len(answer.boxes))
    whole = match(answer.boxes, answer.truth, answer.ignored, answer.ignored, IOUS)
    for k in (0, 1, 10):
        part = match(answer.boxes[:k], answer.truth, answer.ignored, answer.ignored, IOUS)
        assert np.array_equal(part.face, whole.face[:, :k])


def one(boxes: list, truth: list, ignored: list[bool], crowd: list[bool]) -> list[int]:
    arrays = (np.array(boxes, np.float32).reshape(-1, 4), np.array(truth, np.float32))
    return match(*arrays, np.array(ignored), np.array(crowd), np.array([0.5])).face[0].tolist()


def test_what_each_kind_of_face_takes() -> None:
    face, near, half = [0, 0, 100, 100], [0, 0, 100, 90], [0, 0, 50, 100]
    assert one([face, near], [face], [False], [False]) == [0, -1]  # once
    assert one([face, near], [face], [True], [False]) == [0, -1]  # ignored ones too
    assert one([face, near], [face], [True], [True]) == [0, 0]  # but a crowd takes all
    inside = [40, 40, 60, 60]
    assert one([inside], [face], [True], [False]) == [-1]
    assert one([inside], [face], [True], [True]) == [0]  # by the share that lies within
    # A counted face is taken first, though an ignored one fits better.
    assert one([near], [near, face], [True, False], [False, False]) == [1]
    assert one([half], [half, face], [True, False], [False, False]) == [1]  # IoU 0.5 is enough
    # The better box comes second and finds the face taken.
    assert one([half, face], [face], [False], [False]) == [0, -1]
    assert one([face], [face, face], [False, False], [False, False]) == [1]  # the last of equals


def test_equal_boxes_match_at_the_highest_threshold() -> None:
    box = np.array([[0.1, 0.2, 30.3, 40.7]], np.float32)
    none = np.array([False])
    assert match(box, box, none, none, np.array([1.0])).face.tolist() == [[0]]


@pytest.mark.parametrize(("boxes", "faces"), [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_match(boxes: int, faces: int) -> None:
    some = np.array([[0, 0, 10, 10]] * 3, np.float32)
    no = np.zeros(faces, bool)
    found = match(some[:boxes], some[:faces], no, no, IOUS)
    assert found.face.shape == found.ignored.shape == (10, boxes)
    assert (found.face == -1).all() and not found.ignored.any() and not found.right.any()
    wider = match_wider(some[:boxes], some[:faces], no)
    assert wider.face.shape == (1, boxes) and (wider.face == -1).all()


def wider_by_hand(answer: object, ignored: np.ndarray) -> list[tuple[bool, bool]]:
    """(right, ignored) of each box, step for step as the published evaluation goes."""
    recalled = np.zeros(len(answer.truth))
    said = []
    for box in answer.boxes:
        values = [overlap_by_hand(box, face, False) for face in answer.truth]
        right = out = False
        if values and max(values) >= 0.5:
            best = int(np.argmax(values))
            if ignored[best]:
                recalled[best], out = -1, True
            elif recalled[best] == 0:
                recalled[best], right = 1, True
        said.append((right, out))
    return said


@pytest.mark.parametrize("seed", range(3))
def test_wider_face_goes_step_for_step(seed: int) -> None:
    seen = np.zeros(2, int)
    for answer in made_up(seed).answers:
        ignored = ~answer.subsets["medium"] | answer.ignored
        found = match_wider(answer.boxes, answer.truth, ignored)
        pairs = list(zip(found.right[0].tolist(), found.ignored[0].tolist(), strict=True))
        assert pairs == wider_by_hand(answer, ignored)
        seen += np.array(pairs, int).reshape(-1, 2).sum(axis=0)
    assert (seen > 20).all()


def test_overlap_is_that_of_boxes() -> None:
    rng = np.random.default_rng(0)
    boxes = rng.uniform(0, 60, (30, 4))
    boxes[:, 2:] += boxes[:, :2]
    values = overlap(boxes[:20], boxes[15:])
    known = [[Box(*a).iou(Box(*b)) for b in boxes[15:].tolist()] for a in boxes[:20].tolist()]
    assert values.shape == (20, 15) and np.allclose(values, known, atol=1e-12)
    assert (values > 0).any() and (values == 0).any() and np.diag(values[15:]).min() == 1.0
    assert np.allclose(areas(boxes), [Box(*box).area for box in boxes.tolist()])


def test_boxes_without_area_overlap_nothing() -> None:
    flat = np.array([[5, 5, 5, 9], [5, 5, 5, 5]], np.float32)
    assert not overlap(flat, flat).any() and not overlap(flat, flat, np.array([True, True])).any()


def test_a_thousand_faces_and_boxes_are_fast() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(0, 1000, (1000, 4))
    truth[:, 2:] = truth[:, :2] + 10
    boxes = truth[rng.permutation(1000)] + 0.5
    no = np.zeros(1000, bool)
    found = match(boxes, truth, no, no, IOUS)
    assert found.face.shape == (10, 1000) and (found.face[0] >= 0).mean() > 0.9
    taken = found.face[0][found.face[0] >= 0]
    assert len(np.unique(taken)) == len(taken)
