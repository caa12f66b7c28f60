"""What makes a reading useless: accuracy against size, blur, light and tilt of real faces.

    python benchmarks/usable.py --data fer2013.zip --model my.onnx

``my.onnx`` was trained on one half of FER2013's training pictures and is asked about the other
half (see ``benchmarks/smoothing.py``). The limits of ``mien.tracking.quality`` are where accuracy
has fallen by ten points; the one of yaw is a convention, since FER2013 has no pose.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.smoothing import half_parser, unseen_half

from mien.classifiers.base import Classifier, probabilities
from mien.tracking.quality import quality
from mien.types import Box, Face

Image = NDArray[np.uint8]


def smaller(face: Image, pixels: float) -> Image:
    """A face whose crop has so many pixels a side."""
    return np.asarray(
        cv2.resize(face, (round(pixels),) * 2, interpolation=cv2.INTER_AREA), np.uint8
    )


def blurred(face: Image, sigma: float) -> Image:
    """By a Gaussian, in pixels of 48."""
    return face if not sigma else np.asarray(cv2.GaussianBlur(face, (0, 0), sigma), np.uint8)


def lit(face: Image, factor: float) -> Image:
    """Grey levels times a factor, cut off at 255."""
    return (face * float(factor)).clip(0, 255).astype(np.uint8)


def tilted(face: Image, degrees: float) -> Image:
    """Turned about the middle."""
    move = cv2.getRotationMatrix2D((23.5, 23.5), degrees, 1)
    return np.asarray(
        cv2.warpAffine(face, move, (48, 48), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


CHANGES: dict[str, tuple[Callable[[Image, float], Image], tuple[float, ...]]] = {
    "pixels": (smaller, (48, 40, 32, 28, 24, 20, 16, 12)),
    "blur": (blurred, (0, 0.5, 0.75, 1, 1.25, 1.5, 2, 3)),
    "light": (lit, (0.05, 0.1, 0.2, 0.5, 1, 1.25, 1.5, 1.75, 2, 3)),
    "tilt": (tilted, (0, 10, 15, 20, 25, 30, 40)),
}


def row(faces: list[Image], labels: NDArray[np.int64], model: Classifier) -> str:
    """Accuracy, and the medians of what ``quality`` says of the face's box in these crops."""
    right = probabilities(model, faces).argmax(axis=1) == labels
    spec, found = model.spec, []
    for face in faces:
        side = face.shape[0] / (1 + spec.margin)
        x, y = face.shape[0] / 2 - np.array(spec.offset) * side
        box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        seen = quality(np.repeat(face[..., None], 3, axis=2), Face(box))
        found.append((seen.size, seen.sharpness, seen.brightness))
    size, sharpness, brightness = np.median(found, axis=0)
    return f"{right.mean():.1%}   {size:5.1f}      {sharpness:.3f}       {brightness:.2f}"


def main() -> None:
    """Print a table."""
    parser = half_parser(__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=1500)
    args = parser.parse_args()
    half, model = unseen_half(args)
    chosen = np.random.default_rng(0).permutation(len(half.images))[: args.faces]
    print("                accuracy   size  sharpness  brightness")
    for name, (change, amounts) in CHANGES.items():
        for amount in amounts:
            faces = [change(half.images[i], amount) for i in chosen]
            print(f"{name:7} {amount:5g}      {row(faces, half.labels[chosen], model)}", flush=True)


if __name__ == "__main__":
    main()
