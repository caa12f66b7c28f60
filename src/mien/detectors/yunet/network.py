"""YuNet's network in ONNX Runtime: the file that ships with Mien, or a user's own.

The graph takes one picture, (1, 3, H, W) float32, BGR from 0 to 255, whose sides are multiples of
32, and gives the twelve outputs that ``mien.detectors.yunet.grids`` reads.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.detectors.yunet.grids import OUTPUTS, STRIDES, WIDTHS, Array, decode
from mien.errors import ModelFileError, one_line
from mien.reading import read_file
from mien.runtime import Session, open_session, run_session
from mien.specs.detector import DetectorSpec
from mien.specs.identify import kind_of, refuse_other

SIDE = STRIDES[-1]
"""The sides of the input are multiples of it."""
SPEC = DetectorSpec(
    "yunet",
    short_side=None,
    long_side=None,
    stride=SIDE,
    score_threshold=0.7,
    architecture="yunet_n",
    min_face_size=32,
    margin=-0.04,
    offset=(-0.013, -0.011),
)
"""Defaults of every YuNet; ``tools/convert_yunet.py`` writes them into the file of the package."""
SMALL = 150_000
"""Numbers of an input, such as 3×192×256, below which one thread is faster than two
(``benchmarks/threads.py``)."""
_MOST_BYTES = 1 << 26  # YuNet has 0.3 MB
_PROBE = 64, 96  # height and width of the picture that a file is tried with


class Network:
    """A picture → the rows of its cells. Threads may share it, and forked processes."""

    def __init__(
        self, model: str | Path, threads: int | None = None, device: str | None = None
    ) -> None:
        """Raises ``ModelFileError`` or ``ModelSpecError`` for a file that is not YuNet."""
        self._model = str(model)
        self._session = _open(model, threads, device)
        self._input: str = self._session.get_inputs()[0].name
        self.rows(np.zeros((*_PROBE, 3), np.uint8), 1.0)

    def rows(self, image: NDArray[np.uint8], threshold: float) -> Array:
        """(N, 15) float64 in pixels of ``image``, (H, W, 3) uint8 RGB: see ``grids.decode``.

        Raises ``ModelFileError`` if the network cannot be run or has other outputs.
        """
        height, width = image.shape[:2]
        lines, columns = -(-height // SIDE) * SIDE, -(-width // SIDE) * SIDE
        pixels = np.empty((1, 3, lines, columns), np.float32)
        pixels[:, :, height:] = pixels[:, :, :, width:] = 0
        pixels[0, ::-1, :height, :width] = cv2.split(image)  # BGR; sooner than by transposing
        arrays = run_session(self._session, list(OUTPUTS), {self._input: pixels}, self._model)
        outputs = dict(zip(OUTPUTS, arrays, strict=True))
        for stride in STRIDES:
            cells = (lines // stride) * (columns // stride)
            for name, numbers in WIDTHS.items():
                actual, wanted = outputs[f"{name}_{stride}"].shape, (1, cells, numbers)
                if actual != wanted:
                    raise ModelFileError(
                        f"{self._model} is not YuNet: its output {name}_{stride} has the shape "
                        f"{actual}, not {wanted}"
                    )
        return decode(outputs, columns // STRIDES[0], threshold)


def _open(model: str | Path, threads: int | None, device: str | None) -> Session:
    session = open_session(model, threads=threads, device=device, small=SMALL)
    refuse_other(session, "yunet", model)
    inputs = session.get_inputs()
    if kind_of(session, model) != "yunet" or len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise ModelFileError(
            f"{model} is not YuNet as of 2023: its outputs are "
            f"{', '.join(node.name for node in session.get_outputs()[:4])}, not cls_8, obj_8, …; "
            "use face_detection_yunet_2023mar.onnx of OpenCV Zoo"
        )
    sides = [side for side in inputs[0].shape[2:] if isinstance(side, int)]
    if not sides:
        return session
    try:
        content = read_file(model, _MOST_BYTES)
    except OSError as error:
        raise ModelFileError(f"{model} cannot be read: {one_line(error)}") from None
    freed = free_sides(content, sides, str(model))
    return open_session(freed, threads=threads, device=device, small=SMALL)


def free_sides(content: bytes, sides: list[int], name: str) -> bytes:
    """An ONNX file whose input is (…, 3, *sides), with ``sides`` of any length.

    The network has no part that depends on them. In the file, a fixed dimension is the field
    ``dim_value`` and a free one ``dim_param``, a name
    (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, ``TensorShapeProto``); the name takes
    as many bytes here as the number, so that no length changes elsewhere. Raises
    ``ModelFileError`` where the input is not found, or not once.
    """
    fixed = free = _dimension(b"\x08\x03")  # colours
    for number, side in enumerate(sides):
        value = _varint(side)
        fixed += _dimension(b"\x08" + value)
        label = (b"h", b"w")[number] * (len(value) - 1)
        free += _dimension(b"\x12" + bytes([len(label)]) + label)
    if content.count(fixed) != 1:
        raise ModelFileError(
            f"{name} takes only pictures of {'×'.join(map(str, sides))} pixels, and that cannot be "
            "changed here: use face_detection_yunet_2023mar.onnx of OpenCV Zoo"
        )
    return content.replace(fixed, free)


def _dimension(field: bytes) -> bytes:
    return b"\x0a" + bytes([len(field)]) + field


def _varint(value: int) -> bytes:
    """``value`` as Protocol Buffers write whole numbers: seven bits a byte, the lowest first."""
    parts = []
    while value >= 128:
        parts.append(value % 128 + 128)
        value //= 128
    return bytes([*parts, value])
