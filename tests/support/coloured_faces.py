"""Pictures whose faces ``detector_models.tiny_detector`` finds or not as we please: coloured
rectangles on black. What is right and wrong of its answers can be counted by hand.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from PIL import Image

from tests.support.detector_models import coloured, tiny_detector

Box = tuple[int, int, int, int]
CHANNEL = {"red": 0, "green": 1, "blue": 2}
SIZE = 96, 64

# Colour → where the detector says a face is (red with 0.9, green with 0.6, blue with 0.3), and
# which of them are marked.
PICTURES: dict[str, tuple[dict[str, Box], tuple[str, ...]]] = {
    "found.png": ({"red": (8, 8, 40, 48)}, ("red",)),
    "false.png": ({"red": (8, 8, 40, 48), "green": (50, 10, 90, 60)}, ("red",)),
    "again.png": ({"red": (10, 10, 50, 50), "green": (12, 12, 50, 50)}, ("red",)),
    "unsure.png": ({"blue": (20, 20, 60, 60)}, ("blue",)),
    "empty.png": ({}, ()),
}
FOUND, MISSED, FALSE, AGAIN = 3, 1, 1, 1
"""At a score of 0.5, the detector's own."""
AP50 = (76 * 1 + 25 * 4 / 6) / 101
"""Three right boxes of 0.9, two wrong ones of 0.6, a right one of 0.3, four faces."""


def write_zip(path: Path, pictures: dict[str, tuple[dict[str, Box], tuple[str, ...]]]) -> Path:
    """A COCO data set; the split is a word in the name of ``path``."""
    images, annotations = [], []
    with zipfile.ZipFile(path, "w") as file:
        for number, (name, (boxes, marked)) in enumerate(pictures.items()):
            faces = [(CHANNEL[color], *box) for color, box in boxes.items()]
            pixels = coloured(SIZE[1], SIZE[0], *faces)
            content = io.BytesIO()
            Image.fromarray(pixels).save(content, "PNG")
            file.writestr(f"images/{name}", content.getvalue())
            images.append({"id": number, "file_name": name, "width": SIZE[0], "height": SIZE[1]})
            for color in marked:
                x1, y1, x2, y2 = boxes[color]
                annotations.append(
                    {
                        "id": len(annotations), "image_id": number, "category_id": 1,
                        "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": 0,
                    }
                )  # fmt: skip
        coco = {
            "images": images, "annotations": annotations,
            "categories": [{"id": 1, "name": "face"}],
        }  # fmt: skip
        file.writestr("annotations.json", json.dumps(coco))
    return path


def data_and_detector(place: Path) -> tuple[Path, Path]:
    """The data set of ``PICTURES``, its only split ``valid``, and the detector."""
    tiny_detector(place / "colours.onnx", name="colours")
    return write_zip(place / "faces_val.zip", PICTURES), place / "colours.onnx"
