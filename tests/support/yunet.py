"""YuNet as OpenCV runs it, and YuNet files as users have them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from mien.types import Face
from tests.support import sample

THRESHOLD = 0.6
SCENES = 24
_OF_320 = bytes([0x0A, 3, 8, 320 % 128 + 128, 320 // 128])


def reference_pictures() -> dict[str, np.ndarray]:
    """The portraits, and scenes made of them: (H, W, 3) uint8 RGB by name."""
    found = {name: sample.photo(name) for name in sample.NAMES}
    found |= {f"scene {number}": sample.scene(number)[0] for number in range(SCENES)}
    return {name: np.asarray(image) for name, image in found.items()}


class OpenCV:
    """``cv2.FaceDetectorYN``, silent."""

    def __init__(self, model: Path, threshold: float = THRESHOLD) -> None:
        with _silence():
            self._network = cv2.FaceDetectorYN.create(
                str(model), "", (64, 64), threshold, 0.3, 5000
            )

    def rows(self, image: np.ndarray) -> np.ndarray:
        """(N, 15) of ``image``, RGB: x1, y1, x2, y2, five points, score; best first."""
        height, width = image.shape[:2]
        with _silence():
            self._network.setInputSize((width, height))
            rows = self._network.detect(np.ascontiguousarray(image[..., ::-1]))[1]
        rows = np.zeros((0, 15)) if rows is None else rows.astype(np.float64)
        rows[:, 2:4] += rows[:, :2]
        return rows


@contextmanager
def _silence() -> Iterator[None]:
    """OpenCV 5 warns of its own engine."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


def rows_of(faces: list[Face]) -> np.ndarray:
    """``faces`` in the same form."""
    rows = [[*face.box.to_list(), *np.ravel(face.landmarks), face.score] for face in faces]
    return np.array(rows, np.float64).reshape(-1, 15)


def fixed_size(model: Path, out: Path, side: int) -> Path:
    """A copy of ``model``, 320×320, for pictures of ``side``×``side`` only."""
    # The last two dimensions of the graph's input, as Protocol Buffers write them.
    other = bytes([0x0A, 3, 8, side % 128 + 128, side // 128]) * 2
    content = model.read_bytes()
    assert 128 <= side < 128**2 and content.count(_OF_320 * 2) == 1
    out.write_bytes(content.replace(_OF_320 * 2, other))
    return out
