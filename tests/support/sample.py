"""Small data sets made of the three portraits that the repository holds.

``write_tree`` lays them out as the real data beside the repository (``../shared``), so that tests
which need real faces, but not those ones, run from a fresh clone too.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mien.samples import ASTRONAUT
from tests.support import fer2013, scene_trees

PHOTOS = Path(__file__).resolve().parents[1] / "fixtures" / "photos"
NAMES = ("astronaut.jpg", "biden.jpg", "obama_smile.jpg")
FERPLUS_COLUMNS = (4, 5, 6, 1, 3, 2, 0)
"""FER2013's labels as columns of FER+'s votes."""
Box = tuple[float, float, float, float]


def path_of(name: str) -> Path:
    """The astronaut ships with the package."""
    return ASTRONAUT if name == ASTRONAUT.name else PHOTOS / name


@cache
def photo(name: str) -> Image.Image:
    return Image.open(path_of(name)).convert("RGB")


@cache
def boxes() -> dict[str, Box]:
    """Photo → its face: x1, y1, x2, y2 in pixels."""
    table = json.loads((PHOTOS / "faces.json").read_text("utf-8"))
    names = {image["id"]: image["file_name"] for image in table["images"]}
    found = {}
    for face in table["annotations"]:
        x, y, width, height = face["bbox"]
        found[names[face["image_id"]]] = (x, y, x + width, y + height)
    return found


def crop(number: int, side: int, spread: float = 0.15) -> Image.Image:
    """A square crop of one of the faces; ``number`` chooses the face, the place and the mirror."""
    rng = np.random.default_rng(number)
    name = NAMES[number % 3]
    x1, y1, x2, y2 = boxes()[name]
    size = (y2 - y1) * rng.uniform(0.9, 0.9 + 2 * spread)
    x = (x1 + x2) / 2 + size * rng.uniform(-spread, spread) / 2
    y = (y1 + y2) / 2 + size * rng.uniform(-spread, spread) / 2
    box = tuple(round(v) for v in (x - size / 2, y - size / 2, x + size / 2, y + size / 2))
    image = photo(name).crop(box).resize((side, side), Image.Resampling.BOX)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if number // 3 % 2 else image


def rows(train: int = 40, public: int = 16, private: int = 8) -> list[fer2013.Row]:
    """Rows like those of FER2013, made of the portraits; the labels mean nothing.

    Contrast, and how often the votes agree with the labels, are those of FER2013.
    """
    found = []
    usages = ["Training"] * train + ["PublicTest"] * public + ["PrivateTest"] * private
    for number, usage in enumerate(usages):
        label, votes = (number + number // 7) % 7, [0] * 10
        votes[FERPLUS_COLUMNS[label] if number // 7 % 3 else number % 8] += 6
        votes[number * 3 % 8] += 3
        votes[8 + number % 2] += 1
        face = np.asarray(crop(number, 48).convert("L"), np.float64)
        image = (128 + (face - face.mean()) * 58 / face.std()).clip(0, 255).astype(np.uint8)
        found.append(fer2013.Row(usage, label, image, ",".join(map(str, votes))))
    return found


def scene(number: int, cell: int | None = None) -> tuple[Image.Image, list[Box]]:
    """A picture with up to six heads, ``cell`` pixels each, and the boxes of their faces.

    Every seventh has none.
    """
    rng = np.random.default_rng(number)
    cell = cell or int(rng.integers(70, 150))
    columns, lines = ((2, 1), (1, 1), (2, 2), (3, 2))[number % 4]
    ground = tuple(int(v) for v in rng.integers(40, 200, 3))
    canvas = Image.new("RGB", (columns * cell + 20, lines * cell + 30), ground)
    found: list[Box] = []
    for place in range(columns * lines if number % 7 != 3 else 0):
        name = NAMES[(number + place) % 3]
        x1, y1, x2, y2 = boxes()[name]
        side = (y2 - y1) * rng.uniform(1.3, 2.2)
        left, top = (x1 + x2 - side) / 2, (y1 + y2 - side) / 2
        head = photo(name).crop(tuple(round(v) for v in (left, top, left + side, top + side)))
        scale = cell / side
        x, y = place % columns * cell + 10, place // columns * cell + 15
        canvas.paste(head.resize((cell, cell), Image.Resampling.BOX), (x, y))
        found.append(
            (
                x + (x1 - left) * scale, y + (y1 - top) * scale,
                x + (x2 - left) * scale, y + (y2 - top) * scale,
            )
        )  # fmt: skip
    return canvas, found


def six(shared: Path) -> Image.Image:
    """Six faces: the real photo in the folder ``shared``, or else the portraits twice."""
    path = shared / "photos" / "oarriaga_test_image.jpg"
    if path.exists():
        return Image.open(path).convert("RGB")
    return scene(7, cell=240)[0]


def scenes(
    count: int, first: int = 0, subsets: bool = False, flat: bool = False
) -> scene_trees.Real:
    """``count`` pictures with marked faces in COCO's form, every ninth face to be ignored.

    ``subsets``: with WIDER FACE's; ``flat``: all in one folder.
    """
    table: dict[str, list[dict[str, Any]]] = {
        "categories": [{"id": 1, "name": "face"}], "images": [], "annotations": [],
    }  # fmt: skip
    files = {}
    for number in range(first, first + count):
        image, found = scene(number)
        content = io.BytesIO()
        image.save(content, "JPEG", quality=85)
        name = f"portraits_{number:04}.jpg"
        name = name if flat else f"{number % 5}--Portraits/{name}"
        files[name] = content.getvalue()
        table["images"].append(
            {"id": number + 1, "file_name": name, "width": image.width, "height": image.height}
        )
        for x1, y1, x2, y2 in found:
            face = len(table["annotations"]) + 1
            box = [round(v) for v in (x1, y1, x2 - x1, y2 - y1)]
            marks = dict.fromkeys(scene_trees.WIDER, 0) | {"invalid": int(face % 9 == 0)}
            annotation = {
                "id": face, "image_id": number + 1, "category_id": 1, "bbox": box,
                "area": box[2] * box[3], "iscrowd": 0, "ignore": marks["invalid"],
                "attributes": marks,
            }  # fmt: skip
            if subsets:
                sizes = {"easy": 70, "medium": 50, "hard": 0}
                annotation["subset"] = [n for n, side in sizes.items() if box[3] >= side]
            table["annotations"].append(annotation)
    return scene_trees.Real(table, files)


def write_scenes(path: Path, held: scene_trees.Real) -> Path:
    """A zip like that of WIDER FACE beside the repository."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("annotations.json", json.dumps(held.table))
        for name, content in held.files.items():
            file.writestr(f"images/{name}", content)
    return path


def write_photos(folder: Path) -> Path:
    """The three portraits as files, and ``faces.json`` with their boxes."""
    folder.mkdir(parents=True)
    for name in NAMES:
        shutil.copyfile(path_of(name), folder / name)
    shutil.copyfile(PHOTOS / "faces.json", folder / "faces.json")
    return folder


def write_tree(folder: Path) -> Path:
    """Photos and data sets under the names that the real ones have, in ``folder``."""
    write_photos(folder / "photos")
    (folder / "data").mkdir()
    made = rows(140, 40, 0)
    members = {**fer2013.files(made), "ferplus.csv": fer2013.votes_file(made)}
    fer2013.write_zip(folder / "data/fer2013.zip", members)
    write_scenes(folder / "data/wider_train5.zip", scenes(50))
    write_scenes(folder / "data/wider_val_dev.zip", scenes(30, first=100, subsets=True))
    write_scenes(folder / "data/facemask853.zip", scenes(60, first=200, flat=True))
    return folder
