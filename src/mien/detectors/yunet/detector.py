"""YuNet: a tiny face detector with five landmarks, run by ONNX Runtime.

Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research 20
(2023), https://doi.org/10.1007/s11633-023-1423-y

The network finds faces between about 20 and 400 pixels of its input. It misses smaller ones, and in
larger ones it mistakes an eye or a mouth for a face. A large picture is therefore searched twice:
at full size for small faces, and shrunk for large ones.

The weights are those of libfacedetection.train (Apache-2.0; ``tools/convert_yunet.py``). OpenCV's
``FaceDetectorYN`` is the reference: at the same size of the picture it finds the same faces, and
``tests/detectors/yunet/test_parity.py`` compares the two. ``docs/detector_yunet.md`` says how the
defaults were chosen.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image, check_length, check_score
from mien.detectors.yunet.grids import SCORE, Array, suppress
from mien.detectors.yunet.network import SPEC, Network
from mien.errors import ConfigError
from mien.registry import register_detector
from mien.types import Box, Face
from mien.weights import YUNET

SURE = 20  # side in pixels of the input from which the network finds most faces
PIXELS = 4_000_000  # at most in the input, which take about 300 MiB
OVERVIEW = 640  # longer side of the shrunk picture that is searched for large faces
OVERVIEW_FROM = 1024  # longer side of the input from which the picture is searched twice
SHARE = 64  # the longer side of a picture is this many times the smallest face, by default
LARGEST = 320  # larger faces of the full size are then dropped: those of the shrunk picture count


@register_detector("yunet")
class YuNet:
    """YuNet, with the weights that ship with Mien or from a file.

    ``model``: a YuNet file of 2023 or later, such as ``face_detection_yunet_2023mar.onnx`` of
    OpenCV Zoo.

    ``score_threshold``: least score of a face, in [0, 1]. OpenCV's default, 0.9, loses every second
    face below 40 pixels.

    ``nms_threshold``: overlap (IoU) above which the lower-scored of two boxes is dropped.

    ``top_k``: at most this many boxes are compared for overlap in one search of the picture.

    ``min_face_size``: side in pixels of the smallest face to look for, the square root of the box's
    area; smaller ones are dropped. By default 32, and in large pictures 1/64 of the longer side: 62
    pixels in a photo of 12 megapixels. Above 20 pixels the picture is shrunk in proportion, and the
    time taken falls with the square. A picture of more than 4 million pixels is always shrunk to
    that.

    ``threads`` and ``device``: as in ``mien.runtime.open_session``.

    Raises ``ModelFileError`` if the file is missing, damaged or not a YuNet of 2023 or later, and
    ``ConfigError`` for values out of range. ``detect`` may be called from several threads at once.
    """

    facts = DetectorFacts(
        name="yunet",
        summary="YuNet, a tiny network (Wu et al. 2023)",
        landmarks=True,
        licence="Apache-2.0",
        margin=SPEC.margin,
        offset=SPEC.offset,
        source="https://github.com/ShiqiYu/libfacedetection.train",
    )

    def __init__(
        self,
        *,
        model: str | Path | None = None,
        score_threshold: float = SPEC.score_threshold,
        nms_threshold: float = 0.3,
        top_k: int = 5000,
        min_face_size: float | None = None,
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        self._network = Network(YUNET if model is None else model, threads, device)
        self.score_threshold = check_score("score_threshold", score_threshold)
        self.nms_threshold = check_score("nms_threshold", nms_threshold)
        self._given_size = min_face_size
        least = SPEC.min_face_size if min_face_size is None else min_face_size
        self.min_face_size = check_length("min_face_size", least)
        if top_k < 1:
            raise ConfigError(f"top_k must be 1 or more, got {top_k}")
        self.top_k = top_k
        if model is not None:
            self.facts = replace(self.facts, licence="", source=str(model))

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty without a face.

        Boxes and landmarks are float pixels of ``image`` and may reach beyond its border. Raises
        ``InputError`` for an array of another shape or type.
        """
        height, width = check_image(image).shape[:2]
        return self._faces(image, height, width, score_threshold)

    def working_scale(self, height: int, width: int) -> float:
        """The scale at which a picture of this size is searched for small faces, in (0, 1]."""
        smallest = max(self._smallest(height, width), SURE)
        return min(1.0, SURE / smallest, math.sqrt(PIXELS / (height * width)))

    def detect_shrunk(self, image: NDArray[np.uint8], height: int, width: int) -> list[Face]:
        """As ``detect``, of a picture of this size that is given as the smaller ``image``."""
        return self._faces(check_image(image), height, width, None)

    def _smallest(self, height: int, width: int) -> float:
        """Side of the smallest face in a picture of this size, in its pixels."""
        if self._given_size is not None:
            return self._given_size
        return max(self.min_face_size, max(height, width) / SHARE)

    def _faces(
        self, image: NDArray[np.uint8], height: int, width: int, threshold: float | None
    ) -> list[Face]:
        if threshold is None:
            threshold = self.score_threshold
        scale = self.working_scale(height, width)
        longer = max(height, width)
        rows = self._search(image, height, width, scale, threshold)  # (N, 15)
        if longer * scale > OVERVIEW_FROM:
            overview = self._search(image, height, width, OVERVIEW / longer, threshold)
            rows = np.concatenate([rows[_sides(rows) * scale < LARGEST], overview])
            rows = suppress(rows, self.nms_threshold, len(rows))  # medium faces are found twice
        rows = rows[_sides(rows) >= self._smallest(height, width)]
        return [
            # YuNet's points begin with the person's right eye, which is the image-left one.
            Face(Box(*box), score, tuple(zip(points[::2], points[1::2], strict=True)))
            for *box, score, points in zip(
                *rows[:, :4].T.tolist(), rows[:, SCORE].tolist(), rows[:, 4:SCORE].tolist(),
                strict=True,
            )
        ]  # fmt: skip

    def _search(
        self, image: NDArray[np.uint8], height: int, width: int, scale: float, threshold: float
    ) -> Array:
        """(N, 15) at this scale, without duplicates, in pixels of the picture; best score first."""
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if size != image.shape[1::-1]:
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        rows = suppress(self._network.rows(image, threshold), self.nms_threshold, self.top_k)
        rows[:, :SCORE] *= np.tile([width / size[0], height / size[1]], 7)
        return rows


def _sides(rows: Array) -> Array:
    """(N,) square roots of the boxes' areas."""
    return np.asarray(np.sqrt((rows[:, 2] - rows[:, 0]) * (rows[:, 3] - rows[:, 1])))
