from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the 'train' extra")

from mien.train.detection.validate import validate
from tests.support.few_scenes import TINY, Few


class Oracle:
    """Finds a known part of what is marked, and some that is not."""

    def __init__(self, few: Few, share: float, false: int) -> None:
        self.answers = iter([*few.held["valid"]])
        self.share, self.false = share, false

    def eval(self) -> None:
        pass

    def find(self, image: np.ndarray, config: object) -> tuple[np.ndarray, np.ndarray]:
        boxes = next(self.answers).boxes
        boxes = boxes[: round(self.share * len(boxes))]
        wrong = np.tile(np.array([[0, 0, 2, 2]], np.float32), (self.false, 1))
        scores = np.repeat(np.array([0.9, 0.2], np.float32), [len(boxes), self.false])
        return np.concatenate([boxes, wrong]), scores


def test_all_found_is_one_whatever_else_is_scored_below(material: Path) -> None:
    few = Few(material, valid=4)
    measured = validate(Oracle(few, 1.0, 3), few.held["valid"], TINY)  # type: ignore[arg-type]
    assert measured == {"valid_ap50": 1.0, "valid_recall": 1.0}


def test_half_found_is_half_recall(material: Path) -> None:
    few = Few(material, valid=6)
    faces = [len(scene.boxes) for scene in few.held["valid"]]
    measured = validate(Oracle(few, 0.5, 0), few.held["valid"], TINY)  # type: ignore[arg-type]
    expected = sum(round(0.5 * n) for n in faces) / sum(faces)
    assert measured["valid_recall"] == pytest.approx(expected, abs=1e-5)
    assert measured["valid_ap50"] == pytest.approx(expected, abs=0.01)  # read at 101 recalls


def test_without_a_face_there_is_no_figure(material: Path) -> None:
    few = Few(material, valid=0)
    assert validate(Oracle(few, 1, 0), [], TINY) == {"valid_ap50": None, "valid_recall": None}  # type: ignore[arg-type]
