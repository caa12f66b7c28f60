"""MTCNN: face detection by a cascade of three small networks, with five landmarks.

Zhang, Zhang, Li, Qiao: Joint Face Detection and Alignment using Multi-task Cascaded Convolutional
Networks, IEEE Signal Processing Letters 23 (2016), https://arxiv.org/abs/1604.02878

- P-Net slides over a pyramid of smaller and smaller copies of the picture and proposes boxes;
- R-Net checks each proposal at 24×24 pixels, drops most of them and adjusts the rest;
- O-Net checks the remaining ones at 48×48 pixels, scores and adjusts them, and adds landmarks.

After each step, non-maximum suppression removes overlapping boxes.

The weights are those of the PyPI package ``mtcnn`` 1.0.0 (MIT; ``tools/convert_mtcnn.py``), which
is the reference: with ``REFERENCE`` settings the same picture gives the same faces, and
``tests/detectors/mtcnn/test_detector.py`` compares the two. The defaults are faster and tuned for
faces large enough to show an expression; ``docs/detector_mtcnn.md`` has the measurements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image
from mien.detectors.mtcnn.cascade import apply_offsets, is_accepted, make_square, suppress
from mien.detectors.mtcnn.pyramid import ExactPyramid, FastPyramid, Pyramid
from mien.errors import ConfigError
from mien.registry import register_detector
from mien.runtime import Session, open_session
from mien.types import Box, Face
from mien.weights import MTCNN as WEIGHTS

Array = NDArray[Any]

WINDOW, STRIDE = 12, 2  # P-Net's field of view and its step, in pixels of a pyramid level
# Window positions in one run of P-Net, and patches in one run of R-Net or O-Net. They limit memory,
# and are so small that a network's activations stay in the processor's cache.
PNET_CELLS = 1 << 13
BATCH = 16
CUT = 512  # patches cut out at once, to limit memory

REFERENCE: Mapping[str, Any] = {
    "min_face_size": 20,
    "scale_factor": 0.709,
    "thresholds": (0.6, 0.7, 0.8),
    "overlaps": (0.5, 0.7, 0.7, 0.7),
    "exact": True,
}
"""Settings with which ``MTCNN`` finds what the package ``mtcnn`` 1.0.0 finds by default."""


@register_detector("mtcnn")
class MTCNN:
    """The cascade of three networks, run by ONNX Runtime.

    ``min_face_size``: side in pixels of the smallest face to look for, the square root of the box's
    area, at least 12; smaller ones are dropped, except with ``exact``. P-Net's time grows with its
    inverse square. The reference's default is 20.

    ``scale_factor``: size of each pyramid level relative to the one before, above 0 and at most
    0.95.

    ``thresholds``: the scores in [0, 1] that a box must exceed after P-Net, R-Net and O-Net.

    ``overlaps``: in [0, 1], above which the lower-scored of two boxes is removed: within a pyramid
    level, across levels, after R-Net, after O-Net. The last is a fraction of the smaller box, the
    others of the two boxes' union.

    ``exact``: resize and cut out exactly as the reference does. This is slower and holds the whole
    picture in float32, four times the memory.

    ``threads`` and ``device``: as in ``mien.runtime.open_session``.

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
        min_face_size: float = 32,
        scale_factor: float = 0.709,
        thresholds: Sequence[float] = (0.9, 0.6, 0.74),
        overlaps: Sequence[float] = (0.5, 0.7, 0.8, 0.4),
        exact: bool = False,
        threads: int | None = None,
        device: str | None = None,
    ) -> None:
        if not WINDOW <= min_face_size < float("inf"):
            raise ConfigError(f"min_face_size must be {WINDOW} pixels or more, got {min_face_size}")
        if not 0 < scale_factor <= 0.95:
            raise ConfigError(f"scale_factor must be above 0, at most 0.95, got {scale_factor}")
        if len(thresholds) != 3 or not all(0 <= t <= 1 for t in thresholds):
            raise ConfigError(f"thresholds must be three numbers from 0 to 1, got {thresholds}")
        if len(overlaps) != 4 or not all(0 <= o <= 1 for o in overlaps):
            raise ConfigError(f"overlaps must be four numbers from 0 to 1, got {overlaps}")
        self.min_face_size = min_face_size
        self.scale_factor = scale_factor
        self.thresholds = tuple(thresholds)
        self.overlaps = tuple(overlaps)
        self.exact = exact
        self._pnet, self._rnet, self._onet = (
            open_session(WEIGHTS / f"{name}.onnx", threads=threads, device=device)
            for name in ("pnet", "rnet", "onet")
        )

    @property
    def score_threshold(self) -> float:
        """O-Net's threshold, the last one, because a face's score is O-Net's."""
        return self.thresholds[2]

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty without a face.

        Boxes and landmarks are float pixels of ``image``. As in the paper they are not cut at the
        picture's border. Scores are O-Net's. Raises ``InputError`` for an array of another shape or
        type.
        """
        threshold = self.score_threshold if score_threshold is None else score_threshold
        image = np.ascontiguousarray(check_image(image))
        picture: Pyramid = ExactPyramid(image) if self.exact else FastPyramid(image)
        boxes = self._propose(picture)
        boxes = self._refine(picture, boxes)
        return self._output(picture, boxes, threshold)

    def _propose(self, picture: Pyramid) -> Array:
        """Square boxes (N, 4) that P-Net proposes on all levels of the pyramid."""
        largest = WINDOW / self.min_face_size
        proposals = [(np.empty((0, 4)), np.empty(0))]
        for level, scale in picture.levels(largest, self.scale_factor, WINDOW):
            boxes, scores = self._scan(level, scale)
            keep = suppress(boxes, scores, self.overlaps[0])
            proposals.append((boxes[keep], scores[keep]))
        boxes, scores = (np.concatenate(parts) for parts in zip(*proposals, strict=True))
        return make_square(boxes[suppress(boxes, scores, self.overlaps[1])])

    def _scan(self, level: Array, scale: Array) -> tuple[Array, Array]:
        """P-Net's boxes (N, 4) in pixels of the picture, and scores (N,), on one pyramid level."""
        # P-Net's output has one cell for each position of its window.
        rows, columns = ((side - 1) // STRIDE - 4 for side in level.shape[:2])
        height = max(1, PNET_CELLS // columns)  # of a strip, in cells
        strips = []
        for first in range(0, rows, height):
            # Strips overlap by the window less its step: the cells are then those of one run on the
            # whole level.
            pixels = level[STRIDE * first : STRIDE * (first + height) + WINDOW - STRIDE]
            pixels = pixels[None].astype(np.float32)
            score, box = self._pnet.run(["score", "box"], {"pixels": pixels})
            row, column = np.nonzero(score[0, 0] > self.thresholds[0])
            corner = np.stack([column, row + first], axis=1) * STRIDE + 1  # (N, 2)
            window = np.concatenate([corner, corner + WINDOW - 1], axis=1)  # (N, 4)
            offsets = box[0][:, row, column].T  # (4, rows, columns) -> (N, 4)
            boxes = (window + offsets * (WINDOW - 1)) / np.tile(scale, 2)
            strips.append((boxes, score[0, 0, row, column]))
        boxes, scores = (np.concatenate(parts) for parts in zip(*strips, strict=True))
        return boxes, scores

    def _refine(self, picture: Pyramid, boxes: Array) -> Array:
        """The boxes (N, 4) that R-Net accepts, adjusted and made square again."""
        scores, offsets = self._run(self._rnet, ["score", "box"], picture, boxes, 24)
        boxes = apply_offsets(boxes, offsets)
        keep = is_accepted(boxes, scores, self.thresholds[1])
        boxes, scores = boxes[keep], scores[keep]
        return make_square(boxes[suppress(boxes, scores, self.overlaps[2])])

    def _output(self, picture: Pyramid, boxes: Array, threshold: float) -> list[Face]:
        """The faces that O-Net accepts, with final boxes, scores and landmarks."""
        outputs = ["score", "box", "landmarks"]
        scores, offsets, points = self._run(self._onet, outputs, picture, boxes, 48)
        # Five x, then five y, as fractions of the square box: (N, 10) -> (N, 5, 2)
        points = points.reshape(-1, 2, 5).transpose(0, 2, 1).astype(np.float64)
        points = points * (boxes[:, None, 2:] - boxes[:, None, :2] + 1) + boxes[:, None, :2] - 1
        boxes = apply_offsets(boxes, offsets)
        keep = is_accepted(boxes, scores, threshold)
        if not self.exact:
            keep &= (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) >= self.min_face_size**2
        boxes, scores, points = boxes[keep], scores[keep], points[keep]
        return [
            Face(
                box=Box(*boxes[i].tolist()),
                score=float(scores[i]),
                landmarks=tuple((x, y) for x, y in points[i].tolist()),
            )
            for i in suppress(boxes, scores, self.overlaps[3], of_smaller=True)
        ]

    def _run(
        self, net: Session, outputs: list[str], picture: Pyramid, boxes: Array, size: int
    ) -> list[Array]:
        """The ``outputs`` of ``net`` for the patches under ``boxes``; the score as (N,)."""
        answers = []
        # At least one run, so that without boxes the outputs have no rows but the right width.
        for start in range(0, max(1, len(boxes)), CUT):
            patches = picture.patches(boxes[start : start + CUT], size)
            for first in range(0, max(1, len(patches)), BATCH):
                pixels = patches[first : first + BATCH].astype(np.float32)
                answers.append(net.run(outputs, {"pixels": pixels}))
        score, *others = (np.concatenate(parts) for parts in zip(*answers, strict=True))
        return [score[:, 0], *others]
