"""Any ONNX face detector that carries a ``DetectorSpec``, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image, check_length, check_score
from mien.errors import ConfigError, ModelFileError
from mien.preprocess.letterbox import letterbox
from mien.registry import register_detector
from mien.runtime import open_session
from mien.specs.detector import DetectorSpec
from mien.specs.identify import refuse_other
from mien.types import Box, Face

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Name, type and rank of what the graph takes and gives; mien.specs.detector tells it in words.
INPUTS = [("pixels", "tensor(uint8)", 3)]
OUTPUTS = [("boxes", "tensor(float)", 2), ("scores", "tensor(float)", 1)]


@register_detector("faster_rcnn")
class OnnxDetector:
    """A detector from one file, such as a Faster R-CNN (Ren et al. 2015) that was trained here.

    ``model``: the file, with a ``DetectorSpec``.

    ``score_threshold``: below it a box is no face; by default the file's own.

    ``min_face_size``: smaller faces are left out; the size is the square root of the box's area,
    in pixels of the picture. It takes the same time whatever it is.

    ``threads``: as in ``mien.runtime.open_session``.

    Raises ``ModelFileError`` where the file is missing, damaged or of another shape than the
    contract in ``mien.specs.detector``, ``ModelSpecError`` where it is no detector, and
    ``ConfigError`` for no file and for values out of range. ``detect`` may be called from several
    threads at once.
    """

    facts = DetectorFacts(
        name="faster_rcnn",
        summary="Faster R-CNN, trained with Mien (Ren et al. 2015)",
        landmarks=False,
        needs="model=FILE.onnx, of 'mien train' and 'mien export'",
    )

    def __init__(
        self,
        *,
        model: str | Path | None = None,
        score_threshold: float | None = None,
        min_face_size: float = 0,
        threads: int | None = None,
    ) -> None:
        if model is None:
            raise ConfigError(
                "detector 'faster_rcnn' needs a trained file: make one with 'mien train "
                "faster_rcnn_mobile' and 'mien export', and give it as '--detector FILE.onnx' or "
                "with the option model=FILE.onnx"
            )
        session = open_session(model, threads=threads)
        self._open(model, session, score_threshold, min_face_size)

    @classmethod
    def from_session(
        cls,
        model: str | Path,
        session: InferenceSession,
        *,
        score_threshold: float | None = None,
        min_face_size: float = 0,
    ) -> OnnxDetector:
        """The detector of a file that is open already."""
        detector = cls.__new__(cls)
        detector._open(model, session, score_threshold, min_face_size)
        return detector

    def _open(
        self,
        model: str | Path,
        session: InferenceSession,
        score_threshold: float | None,
        min_face_size: float,
    ) -> None:
        self.min_face_size = check_length("min_face_size", min_face_size)
        self._model, self._session = str(model), session
        refuse_other(self._session, "detector", model)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.spec = DetectorSpec.from_metadata(metadata, self._model)
        for what, nodes, wanted in (
            ("inputs", self._session.get_inputs(), INPUTS),
            ("outputs", self._session.get_outputs(), OUTPUTS),
        ):
            found = [(node.name, node.type, len(node.shape)) for node in nodes]
            if sorted(found) != wanted:
                raise ModelFileError(
                    f"{model} is no face detector: its {what} are {found}, not {wanted} (name, "
                    "type, dimensions): export it anew"
                )
        threshold = self.spec.score_threshold if score_threshold is None else score_threshold
        self.score_threshold = check_score("score_threshold", threshold)
        self.facts = DetectorFacts(
            name=self.spec.name,
            summary=f"{self.spec.architecture or 'a network'} from {Path(model).name}",
            landmarks=False,
            licence=self.spec.licence,
            source=self._model,
            card=self.spec.card,
        )

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty where there is none.

        Boxes are float pixels of ``image`` and end where it ends. Raises ``InputError`` for an
        array of another shape or type, and ``ModelFileError`` where the network cannot be run or
        answers with anything but boxes and scores.
        """
        height, width = check_image(image).shape[:2]
        spec = self.spec
        pixels, scale = letterbox(image, spec.short_side, spec.long_side, spec.stride)
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
        try:
            boxes, scores = self._session.run(["boxes", "scores"], {"pixels": pixels})
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelFileError(f"{self._model} cannot be run: {reason}") from error
        numbers = np.isfinite(boxes).all() and ((scores >= 0) & (scores <= 1)).all()
        if boxes.shape != (len(scores), 4) or not numbers:
            raise ModelFileError(
                f"{self._model} answers with boxes {boxes.shape} and scores {scores.shape}, or "
                "with none that are numbers: expected (N, 4) and (N,): export it anew"
            )
        return boxes.astype(np.float64), scores
