"""YuNet: a tiny face detector with five landmarks, run by OpenCV's ``FaceDetectorYN``.

Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research 20
(2023), https://doi.org/10.1007/s11633-023-1423-y

The network finds faces between about 20 and 400 pixels of its input. It misses smaller ones, and in
larger ones it mistakes an eye or a mouth for a face. A large picture is therefore searched twice:
at full size for small faces, and shrunk for large ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image, check_length, check_score
from mien.errors import ConfigError, ModelFileError, one_line
from mien.forking import PerProcess
from mien.registry import register_detector
from mien.runtime import open_session
from mien.specs.identify import kind_of, refuse_other
from mien.types import Box, Face

SURE = 20  # side in pixels of the input from which the network finds most faces
PIXELS = 4_000_000  # at most in the input, which take about 300 MiB
OVERVIEW = 640  # longer side of the shrunk picture that is searched for large faces
OVERVIEW_FROM = 1024  # longer side of the input from which the picture is searched twice
LARGEST = 320  # larger faces of the full size are then dropped: those of the shrunk picture count


@register_detector("yunet")
class YuNet:
    """YuNet from a model file, run by OpenCV.

    ``model``: the file, such as ``face_detection_yunet_2023mar.onnx`` of OpenCV Zoo.

    ``score_threshold``: least score of a face, in [0, 1]. OpenCV's default, 0.9, loses every second
    face below 40 pixels.

    ``nms_threshold``: overlap (IoU) above which the lower-scored of two boxes is dropped.

    ``top_k``: at most this many boxes are compared for overlap in one search of the picture.

    ``min_face_size``: smaller faces are dropped; the size is the square root of the box's area.
    Above 20 pixels the picture is shrunk in proportion, and the time taken falls with the square.
    A picture of more than 4 million pixels is always shrunk to that.

    Raises ``ModelFileError`` if the file is missing, damaged or not a YuNet of 2023 or later, and
    ``ConfigError`` without a file and for values out of range. ``detect`` may be called from
    several threads at once; they take turns.
    """

    facts = DetectorFacts(
        name="yunet",
        summary="YuNet, a tiny network that OpenCV runs (Wu et al. 2023)",
        landmarks=True,
        source="https://github.com/opencv/opencv_zoo",
        needs="model=FILE.onnx, from OpenCV Zoo",
    )

    def __init__(
        self,
        *,
        model: str | Path | None = None,
        score_threshold: float = 0.7,
        nms_threshold: float = 0.3,
        top_k: int = 5000,
        min_face_size: float = 20,
    ) -> None:
        if model is None:
            raise ConfigError(
                "detector 'yunet' needs the network's file: get face_detection_yunet_2023mar.onnx "
                "from https://github.com/opencv/opencv_zoo (models/face_detection_yunet) and give "
                "it as the option model=FILE ('--detector-option model=FILE')"
            )
        self.score_threshold = check_score("score_threshold", score_threshold)
        self.nms_threshold = check_score("nms_threshold", nms_threshold)
        self.min_face_size = check_length("min_face_size", min_face_size)
        if top_k < 1:
            raise ConfigError(f"top_k must be 1 or more, got {top_k}")
        _check_file(model)
        settings = (self.score_threshold, self.nms_threshold, top_k)
        self._network = PerProcess(lambda: (_open(str(model), settings), Lock()))

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty without a face.

        Boxes and landmarks are float pixels of ``image`` and may reach beyond its border. Raises
        ``InputError`` for an array of another shape or type.
        """
        threshold = self.score_threshold if score_threshold is None else score_threshold
        height, width = check_image(image).shape[:2]
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        scale = min(1.0, SURE / max(self.min_face_size, SURE), (PIXELS / (height * width)) ** 0.5)
        longer = max(height, width)
        rows = self._search(bgr, scale, threshold)  # (N, 15)
        if longer * scale > OVERVIEW_FROM:
            side = np.sqrt(rows[:, 2] * rows[:, 3]) * scale
            overview = self._search(bgr, OVERVIEW / longer, threshold)
            rows = np.concatenate([rows[side < LARGEST], overview])
            # Faces of medium size are found twice.
            boxes, scores = rows[:, :4].tolist(), rows[:, 14].tolist()
            keep = cv2.dnn.NMSBoxes(boxes, scores, 0.0, self.nms_threshold)
            rows = rows[np.asarray(keep, np.intp)]
        rows = rows[np.sqrt(rows[:, 2] * rows[:, 3]) >= self.min_face_size]
        rows = rows[np.argsort(-rows[:, 14], kind="stable")]
        return [
            # OpenCV's points begin with the person's right eye, which is the image-left one.
            Face(
                box=Box(x, y, x + w, y + h),
                score=min(score, 1.0),
                landmarks=tuple(zip(points[::2], points[1::2], strict=True)),
            )
            for x, y, w, h, *points, score in rows.tolist()
        ]

    def _search(self, bgr: NDArray[Any], scale: float, threshold: float) -> NDArray[np.float64]:
        """(N, 15) at this scale: x, y, width, height, five points, score; in pixels of ``bgr``."""
        height, width = bgr.shape[:2]
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if size != (width, height):
            bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
        network, lock = self._network.value
        with lock:  # the network has one input size and one threshold at a time
            network.setInputSize(size)
            network.setScoreThreshold(threshold)
            faces = network.detect(bgr)[1]
        if faces is None:
            return np.empty((0, 15))
        rows: NDArray[np.float64] = faces.astype(np.float64)
        rows[:, :14] *= np.tile([width / size[0], height / size[1]], 7)
        return rows


def _open(model: str, settings: tuple[float, float, int]) -> Any:
    """OpenCV's detector from a file; ``ModelFileError`` if OpenCV cannot run it."""
    try:
        with _quiet():
            network = cv2.FaceDetectorYN.create(model, "", (64, 64), *settings)
            network.detect(np.zeros((64, 64, 3), np.uint8))
    except cv2.error as error:
        raise ModelFileError(
            f"{model} cannot be run by OpenCV {cv2.__version__}: use "
            f"face_detection_yunet_2023mar.onnx of OpenCV Zoo ({one_line(error)})"
        ) from error
    return network


def _check_file(model: str | Path) -> None:
    """Raise ``ModelFileError`` or ``ModelSpecError`` for a file that is not YuNet.

    ONNX Runtime reads it first because OpenCV may end the process on a bad file.
    """
    session = open_session(model, threads=1)
    refuse_other(session, "yunet", model)
    if kind_of(session, model) != "yunet":
        raise ModelFileError(
            f"{model} is not YuNet as of 2023: its outputs are "
            f"{', '.join(node.name for node in session.get_outputs()[:4])}, not cls_8, obj_8, …; "
            "use face_detection_yunet_2023mar.onnx of OpenCV Zoo"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence OpenCV's log, whose contents are raised as an error."""
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)
