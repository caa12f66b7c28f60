"""Compose clips of real faces on known paths: frames, and the truth about every one.

    python tools/compose_clips.py --faces photos/ --scene crossing --rate 30 --out clips/crossing

Faces are cut out of photos (a folder, or a data set that Mien reads) and moved over a background by
formulas, so the place, size and number of everyone is known at every moment: at any rate, and at
one that varies. ``--out`` gets ``000000.jpg`` and so on, and ``truth.jsonl`` with a line a frame:
the time, and for each person the number, box, five landmarks and the share that can be seen.

Scenes: ``apart`` (three people, each in a third), ``crossing`` (two pass each other, two meet and
turn back), ``occlusion`` (two walk behind pillars), ``exits`` (people leave, and others come where
they left), ``cuts`` (every three seconds another scene with other people), ``fast`` (up to three
sides of the face a second), ``crowd`` (eight people).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import SceneDataset
from mien.datasets.opening import open_dataset
from mien.detectors.load import load_detector
from mien.media.images import read_image
from mien.media.inputs import expand
from mien.types import Box, Face

Image = NDArray[np.uint8]
Path3 = Callable[[float], tuple[float, float, float]]
"""Seconds → x, y of the face's centre and its side, in pixels."""
WIDTH, HEIGHT, SECONDS = 640, 360, 12.0
LEAST_VISIBLE = 0.25
"""Share of a face that must be seen for it to be part of the truth."""
FACES = 60
"""So many are cut out at most."""
CUT_S = 3.0
AROUND = 0.35
"""What is cut out around the box of a face, in sides."""
GRID = np.stack(np.meshgrid(*[np.linspace(0.05, 0.95, 10)] * 2), axis=-1).reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class Cutout:
    """A face with some of what is around it: (H, W, 3) RGB; ``face`` is in its pixels."""

    image: Image
    face: Face


@dataclass(frozen=True)
class Person:
    """One person of a clip; with the same ``depth``, later ones are nearer."""

    number: int
    path: Path3
    start: float = 0.0
    end: float = SECONDS
    depth: int = 0


@dataclass(frozen=True)
class Shown:
    """One person in one frame."""

    number: int
    face: Face
    visible: float
    """Share of the box that is inside the frame and behind nothing."""


@dataclass(frozen=True)
class Clip:
    """People, pillars (x1, x2) before all of them, and when backgrounds change."""

    people: tuple[Person, ...]
    pillars: tuple[tuple[float, float], ...] = ()
    cuts: tuple[float, ...] = field(default=())

    def truth(self, time_s: float, cutouts: Sequence[Cutout]) -> list[Shown]:
        """Who is seen at ``time_s``, the furthest first."""
        there = sorted((p for p in self.people if p.start <= time_s < p.end), key=_depth)
        faces = [_placed(cutouts[p.number % len(cutouts)], *p.path(time_s)) for p in there]
        shown = []
        for index, (person, face) in enumerate(zip(there, faces, strict=True)):
            visible = _visible(face.box, [f.box for f in faces[index + 1 :]], self.pillars)
            if visible >= LEAST_VISIBLE:
                shown.append(Shown(person.number, face, visible))
        return shown

    def render(self, time_s: float, cutouts: Sequence[Cutout], seed: int) -> Image:
        """(HEIGHT, WIDTH, 3) RGB uint8."""
        picture = background(seed + sum(time_s >= cut for cut in self.cuts)).copy()
        for person in sorted(self.people, key=_depth):
            if person.start <= time_s < person.end:
                paste(picture, cutouts[person.number % len(cutouts)], *person.path(time_s))
        for left, right in self.pillars:
            picture[:, round(left) : round(right)] = (70, 64, 58)
        return picture


def _depth(person: Person) -> tuple[int, int]:
    return person.depth, person.number


def _placed(cutout: Cutout, x: float, y: float, side: float) -> Face:
    """The face of ``cutout`` with its box centred at x, y."""
    box = cutout.face.box
    scale = side / box.height
    cx, cy = box.center
    half = box.width * scale / 2
    points = cutout.face.landmarks or ()
    landmarks = tuple((x + (px - cx) * scale, y + (py - cy) * scale) for px, py in points)
    return Face(Box(x - half, y - side / 2, x + half, y + side / 2), 1.0, landmarks or None)


def paste(picture: Image, cutout: Cutout, x: float, y: float, side: float) -> None:
    """Draw ``cutout`` on ``picture``, to a fraction of a pixel, with soft edges."""
    box = cutout.face.box
    scale = side / box.height
    cx, cy = box.center
    x1, y1 = round(x - cx * scale), round(y - cy * scale)
    height, width = (round(length * scale) for length in cutout.image.shape[:2])
    move = np.array([[scale, 0, x - cx * scale - x1], [0, scale, y - cy * scale - y1]])
    smaller = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    head = cv2.warpAffine(cutout.image, move, (width, height), flags=smaller | cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    rows, columns = np.mgrid[:height, :width]
    radius = np.hypot((columns - width / 2) / (width / 2), (rows - height / 2) / (height / 2))
    alpha = np.clip((1 - radius) * 8, 0, 1)[..., None]
    left, top = max(x1, 0), max(y1, 0)
    right, bottom = min(x1 + width, picture.shape[1]), min(y1 + height, picture.shape[0])
    if left < right and top < bottom:
        part = np.s_[top - y1 : bottom - y1, left - x1 : right - x1]
        under = picture[top:bottom, left:right]
        picture[top:bottom, left:right] = head[part] * alpha[part] + under * (1 - alpha[part])


def _visible(box: Box, before: Sequence[Box], pillars: Sequence[tuple[float, float]]) -> float:
    x, y = (GRID * (box.width, box.height) + (box.x1, box.y1)).T
    seen = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
    for other in before:
        seen &= ~((x > other.x1) & (x < other.x2) & (y > other.y1) & (y < other.y2))
    for left, right in pillars:
        seen &= ~((x > left) & (x < right))
    return float(seen.mean())


@lru_cache(maxsize=8)
def background(seed: int) -> Image:
    """Soft patches of colour, others for each seed, with a little grain."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(0, 256, (4, 6, 3)).astype(np.uint8)
    large = cv2.resize(ground, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return (large + rng.integers(-6, 7, large.shape)).clip(0, 255).astype(np.uint8)


def pictures(place: Path) -> Iterator[Image]:
    """Those of a folder, or of a data set of whole pictures in a zip."""
    if place.suffix == ".zip":
        dataset = open_dataset(place, "coco")
        assert isinstance(dataset, SceneDataset)
        for split in dataset.splits():
            yield from (scene.image for scene in dataset.scenes(split))
    else:
        yield from (read_image(path) for path in expand([str(place)]))


def cut_out(found_in: Iterable[Image], most: int) -> list[Cutout]:
    """The faces of pictures with 64 pixels a side and more, found by YuNet, ``most`` of them."""
    detector, found = load_detector("yunet", options={"min_face_size": 64}), []
    for picture in found_in:
        for face in detector.detect(picture):
            box = face.box
            side = AROUND * box.height
            x1, y1 = round(box.x1 - side), round(box.y1 - side)
            x2, y2 = round(box.x2 + side), round(box.y2 + side)
            if x1 >= 0 and y1 >= 0 and x2 <= picture.shape[1] and y2 <= picture.shape[0]:
                points = tuple((x - x1, y - y1) for x, y in face.landmarks or ())
                moved = Box(box.x1 - x1, box.y1 - y1, box.x2 - x1, box.y2 - y1)
                found.append(Cutout(picture[y1:y2, x1:x2].copy(), Face(moved, 1.0, points or None)))
        if len(found) >= most:
            break
    return found[:most]


def times(rate: float, variable: bool, seed: int, seconds: float = SECONDS) -> list[float]:
    """When frames are taken; ``variable``: uneven, two in five missing, with stalls of 0.4 s."""
    even = np.arange(0, seconds, 1 / rate)
    if not variable:
        return even.tolist()
    rng = np.random.default_rng(seed)
    uneven = even + rng.uniform(0, 0.6 / rate, len(even))
    kept = rng.random(len(even)) > 0.4
    for start in rng.uniform(0, seconds, 2):
        kept &= (even < start) | (even > start + 0.4)
    return uneven[kept].tolist()


def main() -> None:
    """Write the frames and the truth."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tools.clip_scenes import SCENES, compose

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True, help="photos: a file, folder or zip")
    parser.add_argument("--scene", choices=SCENES, default="crossing")
    parser.add_argument("--rate", type=float, default=30.0, help="frames a second")
    parser.add_argument("--variable", action="store_true", help="uneven times, missing frames")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    clip = compose(args.scene, args.seed)
    cutouts = cut_out(pictures(args.faces), FACES)
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.out / "truth.jsonl").open("w", encoding="utf-8") as file:
        for index, time_s in enumerate(times(args.rate, args.variable, args.seed)):
            frame = clip.render(time_s, cutouts, args.seed)
            cv2.imwrite(str(args.out / f"{index:06}.jpg"), frame[..., ::-1])
            people = [
                {"person": one.number, "box": one.face.box.to_list(2),
                 "landmarks": one.face.landmarks, "visible": one.visible}
                for one in clip.truth(time_s, cutouts)
            ]  # fmt: skip
            line = {"frame": f"{index:06}.jpg", "time_s": round(time_s, 5), "people": people}
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
