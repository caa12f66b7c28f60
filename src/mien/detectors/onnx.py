"""Any ONNX face detector with a ``DetectorSpec``, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image, check_length, check_score
from mien.errors import ConfigError, ModelFileError
from mien.preprocess.letterbox import letterbox
from mien.registry import register_detector
from mien.runtime import Session, open_session, run_session
from mien.specs.detector import DetectorSpec
from mien.specs.identify import refuse_other
from mien.specs.metadata import read_metadata
from mien.types import Box, Face

# Name, type and rank of the graph's inputs and outputs; mien.specs.detector describes them.
INPUTS = [("pixels", "tensor(uint8)", 3)]
OUTPUTS = [("boxes", "tensor(float)", 2), ("scores", "tensor(float)", 1)]


@register_detector("faster_rcnn")
class OnnxDetector:
    """A detector from an ONNX file, such as a Faster R-CNN (Ren et al. 2015) trained with Mien.

    ``model``: the file, with a ``DetectorSpec``.

    ``score_threshold``: least score of a face; by default the one in the file's spec.

    ``min_face_size``: side in pixels of the smallest face to look for, the square root of the box's
    area; smaller ones are dropped. By default the one in the file's spec. It does not change the
    time taken.

    ``threads`` and ``device``: as in ``mien.runtime.open_session``.

    Raises ``ModelFileError`` if the file is missing, damaged or has other inputs and outputs than
    ``mien.specs.detector`` describes, ``ModelSpecError`` if it is not a detector, and
    ``ConfigError`` without a file and for values out of range. ``detect`` may be called from
    several threads at once.
    """

    facts = DetectorFacts(
        name="faster_rcnn",
        summary="Faster R-CNN, trained with Mien (Ren et al. 2015)",
        landmarks=False,
        needs="model=FILE.onnx, made with 'mien train' and 'mien export'",
    )

    def __init__(
        self,
        *,
        model: str | Path | None = None,
        score_threshold: float | None = None,
        min_face_size: float | None = None,
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        if model is None:
            raise ConfigError(
                "detector 'faster_rcnn' needs a trained file: make one with 'mien train "
                "faster_rcnn_mobile' and 'mien export', and give it as '--detector FILE.onnx' or "
                "with the option model=FILE.onnx"
            )
        session = open_session(model, threads=threads, device=device)
        self._open(model, session, score_threshold, min_face_size)

    @classmethod
    def from_session(
        cls,
        model: str | Path,
        session: Session,
        *,
        score_threshold: float | None = None,
        min_face_size: float | None = None,
    ) -> OnnxDetector:
        """The detector of a file that is already open."""
        detector = cls.__new__(cls)
        detector._open(model, session, score_threshold, min_face_size)
        return detector

    def _open(
        self,
        model: str | Path,
        session: Session,
        score_threshold: float | None,
        min_face_size: float | None,
    ) -> None:
        self._model, self._session = str(model), session
        refuse_other(self._session, "detector", model)
        metadata = read_metadata(self._session, model)
        self.spec = DetectorSpec.from_metadata(metadata, self._model)
        for what, nodes, wanted in (
            ("inputs", self._session.get_inputs(), INPUTS),
            ("outputs", self._session.get_outputs(), OUTPUTS),
        ):
            actual = [(node.name, node.type, len(node.shape)) for node in nodes]
            if sorted(actual) != wanted:
                raise ModelFileError(
                    f"{model} is not a face detector: its {what} are {actual}, not {wanted} (name, "
                    "type, dimensions): export it again"
                )
        least = self.spec.min_face_size if min_face_size is None else min_face_size
        self.min_face_size = check_length("min_face_size", least)
        threshold = self.spec.score_threshold if score_threshold is None else score_threshold
        self.score_threshold = check_score("score_threshold", threshold)
        self.facts = DetectorFacts(
            name=self.spec.name,
            summary=f"{self.spec.architecture or 'a network'} from {Path(model).name}",
            landmarks=False,
            licence=self.spec.licence,
            source=self._model,
            margin=self.spec.margin,
            offset=self.spec.offset,
            card=self.spec.card,
        )

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty without a face.

        Boxes are float pixels of ``image``, cut at its border. Raises ``InputError`` for an array
        of another shape or type, and ``ModelFileError`` if the network cannot be run or its outputs
        are not boxes and scores.
        """
        height, width = check_image(image).shape[:2]
        short, long = self.spec.short_side or min(height, width), self.spec.long_side
        pixels, scale = letterbox(image, short, long or max(height, width), self.spec.stride)
        boxes, scores = self._run(pixels)
        boxes = (boxes / scale).clip(0, [width, height, width, height])  # (N, 4)
        sides = boxes[:, 2:] - boxes[:, :2]
        size = np.sqrt(sides.prod(axis=1))
        keep = (sides > 0).all(axis=1) & (size >= self.min_face_size)
        keep &= scores >= (self.score_threshold if score_threshold is None else score_threshold)
        return [
            Face(Box(*box), score)
            for box, score in zip(boxes[keep].tolist(), scores[keep].tolist(), strict=True)
        ]

    def _run(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """(N, 4) boxes in pixels of the input and (N,) scores."""
        outputs = ["boxes", "scores"]
        boxes, scores = run_session(self._session, outputs, {"pixels": pixels}, self._model)
        numbers = np.isfinite(boxes).all() and ((scores >= 0) & (scores <= 1)).all()
        if boxes.shape != (len(scores), 4) or not numbers:
            raise ModelFileError(
                f"{self._model} returned boxes {boxes.shape} and scores {scores.shape}, expected "
                "(N, 4) finite numbers and (N,) from 0 to 1: export it again"
            )
        return boxes.astype(np.float64), scores
