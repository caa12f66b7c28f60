"""A training run, or one of its checkpoints, as a face detector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image, check_length, check_score
from mien.errors import ModelFileError
from mien.specs.detector import DetectorSpec
from mien.train import checkpoint
from mien.train.detection.config import DetectorConfig
from mien.train.detection.network import FasterRCNN, build
from mien.train.model_card import add_training_facts
from mien.train.session import pick_device
from mien.types import Box, Face

INTENDED_USE = "Finding faces in photos and video, for research, teaching and applications."
LIMITS = (
    "Measure it on your own kind of pictures first: what it misses differs with size, pose, light, "
    "covering and, in data of unknown balance, age, sex and skin colour."
)


class TorchDetector:
    """The trained weights of a run, in PyTorch, with the protocol of ``mien.detectors.base``.

    ``run``: the folder of a ``mien train`` run, or a checkpoint in it.

    ``score_threshold``: boxes below it do not count as faces; by default the recipe's.

    ``min_face_size``: smaller faces are dropped; the size is the square root of the box's area,
    in pixels of the picture.

    Raises ``ModelFileError`` if the checkpoint is missing, damaged or not a detector's, and
    ``ConfigError`` for values out of range.
    """

    facts = DetectorFacts(
        name="run",
        summary="a training run of Faster R-CNN (Ren et al. 2015)",
        landmarks=False,
    )

    def __init__(
        self,
        run: str | Path,
        *,
        score_threshold: float | None = None,
        min_face_size: float = 0,
        device: str = "auto",
    ) -> None:
        self._net, self._config, state = load_detector_run(run)
        self._net.to(pick_device(device))
        self.spec = spec_of(self._net, self._config, state)
        threshold = self._config.score_threshold if score_threshold is None else score_threshold
        self.score_threshold = check_score("score_threshold", threshold)
        self.min_face_size = check_length("min_face_size", min_face_size)
        self.facts = DetectorFacts(
            name=self.spec.name,
            summary=f"{self.spec.architecture}, the run {run}",
            landmarks=False,
            source=str(run),
            card=self.spec.card,
        )

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty without a face.

        Boxes are float pixels of ``image`` and end where it ends. Raises ``InputError`` for an
        array of another shape or type.
        """
        boxes, scores = self._net.find(check_image(image), self._config)  # (N, 4), (N,)
        sides = boxes[:, 2:] - boxes[:, :2]
        keep = (sides > 0).all(axis=1) & (np.sqrt(sides.prod(axis=1)) >= self.min_face_size)
        keep &= scores >= (self.score_threshold if score_threshold is None else score_threshold)
        return [
            Face(Box(*box), score)
            for box, score in zip(boxes[keep].tolist(), scores[keep].tolist(), strict=True)
        ]


def load_detector_run(run: str | Path) -> tuple[FasterRCNN, DetectorConfig, dict[str, Any]]:
    """The trained network of a run, its recipe and its checkpoint.

    The network is on the CPU and in evaluation mode. Raises ``ModelFileError``, ``ConfigError``.
    """
    path = checkpoint.find(run)
    state = checkpoint.load(path)
    if not checkpoint.is_detector(state):
        raise ModelFileError(f"{path} is the run of a classifier: give that of a face detector")
    config = DetectorConfig.from_dict(state["config"], where=str(path))
    with checkpoint.must_fit(path):
        net = build(config)
        net.load_state_dict(state["ema"])
    net.eval()
    return net, config, state


def spec_of(net: FasterRCNN, config: DetectorConfig, state: Mapping[str, Any]) -> DetectorSpec:
    """The facts about a run's network, without scores, which are in the metrics of the run."""
    spec = DetectorSpec(
        name=config.name,
        short_side=config.short_side,
        long_side=config.long_side,
        score_threshold=config.score_threshold,
        architecture=f"{config.architecture} {config.backbone}",
    )
    return add_training_facts(spec, net, config, state, intended_use=INTENDED_USE, limits=LIMITS)
