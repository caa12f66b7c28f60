"""Haar cascade: the classic detector of frontal faces, as OpenCV ships it.

Viola, Jones: Rapid Object Detection using a Boosted Cascade of Simple Features, CVPR 2001.

OpenCV 4 has the method and the cascades. OpenCV 5 has neither; its ``contrib`` wheels have the
method, and need a file.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.detectors.base import DetectorFacts, check_image, check_length, check_score
from mien.errors import ConfigError, ModelFileError
from mien.forking import PerProcess
from mien.parsing import decode
from mien.reading import read_file
from mien.registry import register_detector
from mien.types import Box, Face

# getattr because OpenCV 5 does not have it.
CascadeClassifier: Any = getattr(cv2, "CascadeClassifier", None)
CASCADE = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
WINDOW = 24  # pixels: side of the cascade's window
_MOST_BYTES = 1 << 26  # OpenCV's largest cascade has 3 MB
SLOPE, OFFSET = 0.62, -1.93  # of the logistic function that turns a weight into a score


def _needs() -> str:
    """What is missing here, in a few words; empty if the detector works."""
    if CascadeClassifier is None:
        return f"OpenCV 4; {cv2.__version__} is installed"
    return "" if CASCADE.is_file() else "model=FILE.xml, a cascade of OpenCV 4"


@register_detector("haar")
class Haar:
    """A cascade of boosted classifiers of grey rectangles; finds upright, frontal faces.

    ``model``: a cascade's XML file; by default OpenCV's ``haarcascade_frontalface_default``.

    ``min_face_size``: side in pixels of the smallest face to look for, at least 24.

    ``scale_factor``: ratio of each window size to the next smaller one, above 1.

    ``min_neighbors``: number of accepted neighbouring windows that make a face. OpenCV's default,
    3, gives nearly twice as many false positives for a few more faces.

    ``score_threshold``: least score of a face. The score is a logistic function of the weight that
    the cascade's last stage gives the face, fitted on five events of WIDER FACE so that it is the
    share of such boxes that are faces (Platt 1999). The default halves the false positives and
    loses one face in twenty.

    Raises ``ConfigError`` if OpenCV has no cascades and for values out of range, and
    ``ModelFileError`` for a file that is not a cascade. ``detect`` may be called from several
    threads at once; they take turns.
    """

    facts = DetectorFacts(
        name="haar",
        summary="Haar cascade of OpenCV 4 (Viola and Jones 2001)",
        landmarks=False,
        source="https://github.com/opencv/opencv/tree/4.x/data/haarcascades",
        needs=_needs(),
    )

    def __init__(
        self,
        *,
        model: str | Path | None = None,
        min_face_size: float = 32,
        scale_factor: float = 1.1,
        min_neighbors: int = 5,
        score_threshold: float = 0.5,
    ) -> None:
        if CascadeClassifier is None:
            raise ConfigError(
                f"detector 'haar' needs OpenCV 4, but OpenCV {cv2.__version__} is installed, which "
                "has no cascades: pip install 'opencv-python-headless<5', or choose another "
                "detector, such as yunet"
            )
        if model is None and not CASCADE.is_file():
            raise ConfigError(
                f"detector 'haar' needs a cascade, and OpenCV {cv2.__version__} ships none: get "
                f"{CASCADE.name} from {self.facts.source} and give it as the option model=FILE.xml"
            )
        self.min_face_size = check_length("min_face_size", min_face_size, WINDOW)
        if not 1 < scale_factor < float("inf"):
            raise ConfigError(f"scale_factor must be above 1, got {scale_factor}")
        if min_neighbors < 1:  # 0 would return every window, without a score
            raise ConfigError(f"min_neighbors must be 1 or more, got {min_neighbors}")
        self.score_threshold = check_score("score_threshold", score_threshold)
        self.scale_factor = scale_factor
        self.min_neighbors = min_neighbors
        path = CASCADE if model is None else Path(model)
        self._cascade = PerProcess(lambda: (_open(path), Lock()))

    def detect(self, image: NDArray[np.uint8], score_threshold: float | None = None) -> list[Face]:
        """The faces in ``image``, (H, W, 3) uint8 RGB, best score first; empty without a face.

        Boxes are square, in whole pixels of ``image``. Raises ``InputError`` for an array of
        another shape or type.
        """
        threshold = self.score_threshold if score_threshold is None else score_threshold
        grey = cv2.cvtColor(check_image(image), cv2.COLOR_RGB2GRAY)
        side = round(self.min_face_size)
        cascade, lock = self._cascade.value
        with lock:  # a cascade keeps its sums over the picture that it is looking at
            boxes, _, weights = cascade.detectMultiScale3(
                grey, self.scale_factor, self.min_neighbors, 0, (side, side),
                outputRejectLevels=True,
            )  # fmt: skip
        scores = 1 / (1 + np.exp(-SLOPE * np.ravel(weights) - OFFSET))  # (N,)
        faces = [
            Face(Box(float(x), float(y), float(x + w), float(y + h)), float(score))
            for (x, y, w, h), score in zip(boxes, scores, strict=True)
            if score >= threshold
        ]
        return sorted(faces, key=lambda face: -face.score)


def _open(path: Path) -> Any:
    """OpenCV's classifier from a file; ``ModelFileError`` if the file is not a cascade."""
    advice = f"expected a cascade such as OpenCV's {CASCADE.name}"
    try:
        text = decode(read_file(path, _MOST_BYTES), _MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ModelFileError(f"cascade {str(path)!r} cannot be read ({reason}): {advice}") from None
    cascade = CascadeClassifier()
    try:
        storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        read = cascade.read(storage.getFirstTopLevelNode())
    except (cv2.error, SystemError):
        read = False
    if not read or cascade.empty():
        raise ModelFileError(f"{str(path)!r} is not a cascade: {advice}")
    return cascade
