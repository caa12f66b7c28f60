"""How far apart the colours of frames are: in one scene, and across a cut.

    python benchmarks/scene_cuts.py --pictures facemask853.zip --clips clips/*.mp4

*One scene*: frames of real clips without a cut that follow one another, and frames a third of a
second apart; and photos that move by a tenth of their width, as the camera pans, or become a fifth
brighter. *Cut*: two photos. The threshold of ``mien.tracking.cuts`` lies between the two.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.tracking.cuts import THRESHOLD, colours, distance

Image = NDArray[np.uint8]


def frames(path: Path) -> Iterator[Image]:
    """The frames of a video."""
    video = cv2.VideoCapture(str(path))
    while True:
        good, frame = video.read()
        if not good:
            return
        yield np.asarray(frame, np.uint8)


def photos(path: Path, most: int) -> list[Image]:
    """Whole pictures of a data set, 360 pixels high."""
    dataset = open_dataset(path, "coco")
    assert isinstance(dataset, SceneDataset)
    scenes = islice(dataset.scenes(dataset.splits()[0]), most)
    return [cv2.resize(scene.image, (640, 360), interpolation=cv2.INTER_AREA) for scene in scenes]


def row(name: str, distances: list[float]) -> None:
    """Print how they are spread."""
    low, five, middle, most, high = np.quantile(distances, (0, 0.05, 0.5, 0.95, 1))
    over = np.mean(np.array(distances) > THRESHOLD)
    values = "".join(f"{value:8.3f}" for value in (low, five, middle, most, high))
    print(f"{name:38}{len(distances):8}{values}{over:8.1%}")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, nargs="*", default=[], help="videos without a cut")
    parser.add_argument("--pictures", type=Path, required=True, help="a data set of whole photos")
    parser.add_argument("--first", type=int, default=300, help="photos")
    args = parser.parse_args()
    names = ("pairs", "least", "5 %", "median", "95 %", "most", "cuts")
    print(f"{'':38}" + "".join(f"{name:>8}" for name in names))
    for path in args.clips:
        seen = [colours(frame) for frame in frames(path)]
        row(f"{path.name}, each frame", [distance(*two) for two in pairwise(seen)])
        row(
            f"{path.name}, 3 a second",
            [distance(*two) for two in zip(seen, seen[10:], strict=False)],
        )
    found = photos(args.pictures, args.first)
    row("photos, a tenth to the side",
        [distance(colours(p[:, :576]), colours(p[:, 64:])) for p in found])  # fmt: skip
    brighter = [(p * 1.2).clip(0, 255).astype(np.uint8) for p in found]
    row(
        "photos, a fifth brighter",
        [distance(colours(p), colours(b)) for p, b in zip(found, brighter, strict=True)],
    )
    row("two photos", [distance(colours(one), colours(other)) for one, other in pairwise(found)])


if __name__ == "__main__":
    main()
