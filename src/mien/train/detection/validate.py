"""Validation of a detector during training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mien.datasets.scene import Scene
from mien.evaluation.detection.answers import Answer
from mien.evaluation.detection.precision import average_precision, judge, pool, recall
from mien.train.detection.config import DetectorConfig
from mien.train.detection.network import FasterRCNN

IOU = np.array([0.5])


def validate(
    net: FasterRCNN, scenes: Sequence[Scene], config: DetectorConfig
) -> dict[str, float | None]:
    """``valid_ap50`` and ``valid_recall`` of all boxes at IoU 0.5; ``None`` without any face."""
    net.eval()
    answers = [_answer(net, scene, config) for scene in scenes]
    pooled = pool([judge(answer, IOU) for answer in answers])
    measures = {"ap50": average_precision(pooled), "recall": recall(pooled)}
    return {
        f"valid_{name}": None if value is None else round(float(value[0]), 5)
        for name, value in measures.items()
    }


def _answer(net: FasterRCNN, scene: Scene, config: DetectorConfig) -> Answer:
    image = scene.image
    boxes, scores = net.find(image, config)
    height, width = image.shape[:2]
    return Answer(scene.key, width, height, scene.boxes, scene.ignored, {}, boxes, scores, ms=0.0)
