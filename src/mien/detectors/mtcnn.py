"""MTCNN: face detection by a cascade of three small networks, with five landmarks.

Zhang, Zhang, Li, Qiao: Joint Face Detection and Alignment using Multi-task Cascaded Convolutional
Networks, IEEE Signal Processing Letters 23 (2016), https://arxiv.org/abs/1604.02878

- P-Net slides over a pyramid of ever smaller copies of the picture and proposes boxes;
- R-Net looks at each proposal at 24×24 pixels, drops most and moves the rest;
- O-Net looks at what is left at 48×48 pixels, scores it, moves it once more and adds landmarks.

After each step, overlapping boxes make way for better ones (non-maximum suppression).

The weights are those of the PyPI package ``mtcnn`` 1.0.0 (MIT; ``tools/convert_mtcnn.py``). The
arithmetic follows that package too, down to how it resizes, so that the same picture gives the same
faces; ``tests/detectors/test_mtcnn.py`` compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image
from mien.errors import ConfigError
from mien.registry import register_detector
from mien.runtime import open_session
from mien.types import Box, Face

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Array = NDArray[Any]

WEIGHTS = Path(__file__).parent / "weights"
WINDOW, STRIDE = 12, 2  # P-Net's field of view and its step, in pixels of a pyramid level
PNET_CELLS = 1 << 16  # positions of the window in one run of P-Net: bounds the memory it takes
BATCH = 64  # patches in one run of R-Net or O-Net, for the same reason

# Overlap above which the lower-scored of two boxes goes: within a pyramid level, across levels,
# after R-Net, after O-Net. The last one is relative to the smaller box, the others to the union.
NMS_LEVEL, NMS_PYRAMID, NMS_RNET, NMS_ONET = 0.5, 0.7, 0.7, 0.7


@register_detector("mtcnn")
class MTCNN:
    """The whole cascade, run by ONNX Runtime.

    ``min_face_size``: side in pixels of the smallest face looked for, at least 12. The time taken
    grows with its inverse square. The reference's default is 20; 40 finds the same faces from 40
    pixels upwards, large enough to read an expression from, in less than half of the time and with
    a third of the false alarms.

    ``scale_factor``: each pyramid level is this much smaller than the one before, above 0 and at
    most 0.95.

    ``thresholds``: the score in [0, 1] that a box must exceed after P-Net, R-Net and O-Net.

    ``threads``: as in ``mien.runtime.open_session``.

    Raises ``ConfigError`` for values outside these ranges. ``detect`` may be called from several
    threads at once.
    """

    facts: ClassVar[DetectorFacts] = DetectorFacts(
        name="mtcnn",
        summary="MTCNN, a cascade of three networks (Zhang et al. 2016)",
        landmarks=True,
        licence="MIT",
        source="https://pypi.org/project/mtcnn/1.0.0",
    )

    def __init__(
        self,
        *,
        min_face_size: float = 40,
        scale_factor: float = 0.709,
        thresholds: Sequence[float] = (0.6, 0.7, 0.8),
        threads: int | None = None,
    ) -> None:
        if not WINDOW <= min_face_size < float("inf"):
            raise ConfigError(f"min_face_size must be {WINDOW} pixels or more, got {min_face_size}")
        if not 0 < scale_factor <= 0.95:
            raise ConfigError(f"scale_factor must be above 0, at most 0.95, got {scale_factor}")
        if len(thresholds) != 3 or not all(0 <= t <= 1 for t in thresholds):
            raise ConfigError(f"thresholds must be three numbers from 0 to 1, got {thresholds}")
        self.min_face_size = min_face_size
        self.scale_factor = scale_factor
        self.thresholds = tuple(thresholds)
        self._pnet, self._rnet, self._onet = (
            open_session(WEIGHTS / f"{name}.onnx", threads=threads)
            for name in ("pnet", "rnet", "onet")
        )

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty where there is none.

        Boxes and landmarks are float pixels of ``image``. As in the paper they follow the face, not
        the picture, and may reach beyond its border where the face does. Scores are O-Net's, above
        ``thresholds[2]``. Raises ``InputError`` for an array of another shape or type.
        """
        image = np.ascontiguousarray(check_image(image))
        boxes = self._propose(image)
        boxes = self._refine(image, boxes)
        return self._output(image, boxes)

    def _propose(self, image: Array) -> Array:
        """P-Net on every level of the pyramid: square boxes (N, 4)."""
        found = [(np.empty((0, 4)), np.empty(0))]
        for level, scale in self._pyramid(image):
            boxes, scores = self._scan(level, scale)
            keep = suppress(boxes, scores, NMS_LEVEL)
            found.append((boxes[keep], scores[keep]))
        boxes, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return squared(boxes[suppress(boxes, scores, NMS_PYRAMID)])

    def _pyramid(self, image: Array) -> Iterator[tuple[Array, float]]:
        """Smaller and smaller copies with their scales, while P-Net's window still fits."""
        height, width = image.shape[:2]
        image = image.astype(np.float32)  # levels rounded to uint8 would move boxes by many pixels
        scale = WINDOW / self.min_face_size
        while min(size := (int(width * scale), int(height * scale))) >= WINDOW:
            # From the original each time, by area, as the reference does.
            yield cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale
            scale *= self.scale_factor

    def _scan(self, level: Array, scale: float) -> tuple[Array, Array]:
        """P-Net's boxes (N, 4), in pixels of the picture, and scores (N,) on one pyramid level."""
        # P-Net's output has one cell for each position of its window.
        rows, columns = ((side - 1) // STRIDE - 4 for side in level.shape[:2])
        strip = max(1, PNET_CELLS // columns)
        found = []
        for first in range(0, rows, strip):
            # Strips overlap by what the window reaches beyond its step: the cells are the same as
            # those of the whole level in one run.
            pixels = level[STRIDE * first : STRIDE * (first + strip) + WINDOW - STRIDE]
            score, box = self._pnet.run(["score", "box"], {"pixels": pixels[None]})
            row, column = np.nonzero(score[0, 0] > self.thresholds[0])
            corner = np.stack([column, row + first], axis=1) * STRIDE + 1  # (N, 2)
            window = np.concatenate([corner, corner + WINDOW - 1], axis=1)  # (N, 4)
            offsets = box[0][:, row, column].T  # (4, rows, columns) -> (N, 4)
            found.append(((window + offsets * (WINDOW - 1)) / scale, score[0, 0, row, column]))
        boxes, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return boxes, scores

    def _refine(self, image: Array, boxes: Array) -> Array:
        """R-Net: the boxes (N, 4) that it takes for faces, moved and made square again."""
        scores, offsets = run_in_batches(self._rnet, ["score", "box"], image, boxes, 24)
        boxes = moved(boxes, offsets)
        keep = accepted(boxes, scores, self.thresholds[1])
        boxes, scores = boxes[keep], scores[keep]
        return squared(boxes[suppress(boxes, scores, NMS_RNET)])

    def _output(self, image: Array, boxes: Array) -> list[Face]:
        """O-Net: faces with final boxes, scores and landmarks."""
        outputs = ["score", "box", "landmarks"]
        scores, offsets, points = run_in_batches(self._onet, outputs, image, boxes, 48)
        # Five x, then five y, in parts of the square box: (N, 10) -> (N, 5, 2)
        points = points.reshape(-1, 2, 5).transpose(0, 2, 1).astype(np.float64)
        points = points * (boxes[:, None, 2:] - boxes[:, None, :2] + 1) + boxes[:, None, :2] - 1
        boxes = moved(boxes, offsets)
        keep = accepted(boxes, scores, self.thresholds[2])
        boxes, scores, points = boxes[keep], scores[keep], points[keep]
        return [
            Face(
                box=Box(*boxes[i].tolist()),
                score=float(scores[i]),
                landmarks=tuple((x, y) for x, y in points[i].tolist()),
            )
            for i in suppress(boxes, scores, NMS_ONET, of_smaller=True)
        ]


def run_in_batches(
    session: InferenceSession, outputs: list[str], image: Array, boxes: Array, size: int
) -> list[Array]:
    """A network's ``outputs`` for the patches under ``boxes``; its score comes as (N,)."""
    # At least one batch, so that no boxes give outputs of no rows and the right width.
    starts = range(0, max(1, len(boxes)), BATCH)
    answers = [
        session.run(outputs, {"pixels": patches(image, boxes[i : i + BATCH], size)}) for i in starts
    ]
    score, *others = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    return [score[:, 0], *others]


def patches(image: Array, boxes: Array, size: int) -> Array:
    """What lies under ``boxes`` (N, 4), resized to (N, size, size, 3) float32 pixels.

    Bilinear between the four nearest pixels, without smoothing, mid-grey outside of the picture:
    what TensorFlow calls ``crop_and_resize``, on which the reference stands.
    """
    height, width = image.shape[:2]
    steps = np.linspace(0, 1, size)
    x = (boxes[:, 0:1] + (boxes[:, 2:3] - boxes[:, 0:1]) * steps) * ((width - 1) / width)  # (N, S)
    y = (boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * steps) * ((height - 1) / height)
    outside_x, outside_y = (x < 0) | (x > width - 1), (y < 0) | (y > height - 1)
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    dx = (x - left).astype(np.float32)[:, None, :, None]
    dy = (y - top).astype(np.float32)[:, :, None, None]

    pixels = image.reshape(-1, 3)

    def at(row: Array, column: Array) -> Array:
        # take: a quarter of the time of pixels[...]
        index = row[:, :, None] * width + column[:, None, :]  # (N, S, S)
        found: Array = pixels.take(index, axis=0)  # (N, S, S, 3)
        return found.astype(np.float32)

    def between(first: Array, second: Array, part: Array) -> Array:
        second -= first
        second *= part
        second += first
        return second

    upper = between(at(top, left), at(top, right), dx)
    lower = between(at(bottom, left), at(bottom, right), dx)
    out = between(upper, lower, dy)
    out[outside_y[:, :, None] | outside_x[:, None, :]] = 127.5
    return out


def squared(boxes: Array) -> Array:
    """``boxes`` (N, 4) grown about their centres until they are as wide as high."""
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2  # (N, 1)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([center - half, center + half], axis=1)


def moved(boxes: Array, offsets: Array) -> Array:
    """``boxes`` (N, 4) after bounding-box regression: ``offsets`` are in parts of their sides."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1  # the reference counts pixels, both ends included
    boxes = boxes + offsets * np.tile(sides, 2)
    return boxes


def accepted(boxes: Array, scores: Array, threshold: float) -> Array:
    """(N,) bool: scored above ``threshold``, and still a box after its sides have moved."""
    return (scores > threshold) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)


def suppress(boxes: Array, scores: Array, threshold: float, of_smaller: bool = False) -> Array:
    """Non-maximum suppression: the indices of the boxes (N, 4) that stay, best score first.

    A box goes where a better one overlaps it by more than ``threshold`` of their union, or of the
    smaller of the two. As in the reference, one that has gone still removes others.
    """
    order = np.argsort(-scores, kind="stable")
    # From left to right, so that each block need only look at its neighbours: a crowd brings tens
    # of thousands of proposals, too many to compare each with all others.
    rank = np.argsort(boxes[order, 0], kind="stable")  # 0 is the best score
    x1, y1, x2, y2 = boxes[order[rank]].T
    area = (x2 - x1) * (y2 - y1)
    reach = np.maximum.accumulate(x2)
    keep = np.ones(len(order), dtype=bool)
    for start in range(0, len(order), 256):
        stop = min(start + 256, len(order))
        near = slice(np.searchsorted(reach, x1[start]), np.searchsorted(x1, x2[start:stop].max()))
        mine = np.s_[start:stop, None]
        width = np.minimum(x2[mine], x2[near]) - np.maximum(x1[mine], x1[near])  # (256, M)
        height = np.minimum(y2[mine], y2[near]) - np.maximum(y1[mine], y1[near])
        shared = width.clip(0) * height.clip(0)
        union = area[mine] + area[near] - shared
        whole = np.minimum(area[mine], area[near]) if of_smaller else union
        over = (shared > threshold * whole) & (rank[near] < rank[mine])
        keep[rank[start:stop]] = ~over.any(axis=1)
    return order[keep]
