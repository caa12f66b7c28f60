"""Small real files under the names that the documents show."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.weights import DEFAULT
from tests.support import clips, detector_models, fer2013, models, sample, scene_trees, whole_photos
from tests.support.shown_blocks import blocks, text_of

TRAINING = 520
"""Pictures of FER2013's Training, so that a tenth is enough to calibrate on."""


def fer2013_zip(path: Path) -> None:
    """Training are forty faces again and again, each time with other noise."""
    made, rng = sample.rows(40, 56, 20), np.random.default_rng(0)
    rows = []
    for number in range(TRAINING):
        row = made[number % 40]
        noise = rng.integers(-9, 10, row.image.shape)
        rows.append(row._replace(image=(row.image + noise).clip(0, 255).astype(np.uint8)))
    rows += made[40:]
    members = {**fer2013.files(rows), "ferplus.csv": fer2013.votes_file(rows)}
    fer2013.write_zip(path, members)


def fer2013_csv(path: Path) -> None:
    fer2013.write_csv(path, sample.rows(20, 10, 10))


def train_scenes(path: Path) -> None:
    sample.write_scenes(path, sample.scenes(12))


def other_scenes(path: Path) -> None:
    sample.write_scenes(path, sample.scenes(6, first=100, subsets=True))


def wider_val(path: Path) -> None:
    scene_trees.write_wider(path, sample.scenes(4, first=100), "val")


def photo(path: Path) -> None:
    shutil.copyfile(sample.path_of("obama_smile.jpg"), path)


def other_photo(path: Path) -> None:
    shutil.copyfile(sample.path_of("astronaut.jpg"), path)


def photos(path: Path) -> None:
    sample.write_photos(path)
    (path / "more").mkdir()
    sample.photo("biden.jpg").save(path / "more" / "biden.png")


def photos_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in sample.NAMES:
            archive.write(sample.path_of(name), name)


def face(number: int) -> Callable[[Path], None]:
    return lambda path: sample.crop(number, 96).save(path)


def rafdb(path: Path) -> None:
    """RAF-DB's own form: a list of names and numbers, and aligned faces."""
    (path / "EmoLabel").mkdir(parents=True)
    (path / "Image" / "aligned").mkdir(parents=True)
    lines = []
    for split, count in (("train", 70), ("test", 21)):
        for number in range(1, count + 1):
            name = f"{split}_{number:05}"
            seed = number + 1000 * (split == "test")
            sample.crop(seed, 100).save(path / "Image" / "aligned" / f"{name}_aligned.jpg")
            lines.append(f"{name}.jpg {number % 7 + 1}")
    (path / "EmoLabel" / "list_patition_label.txt").write_text("\n".join([*lines, ""]), "utf-8")


def faces(path: Path) -> None:
    for number in range(30):
        folder = path / fer2013.FOLDERS[number % 7]
        folder.mkdir(parents=True, exist_ok=True)
        sample.crop(number, 64).save(folder / f"{number}.png")


def labelled_photos(path: Path) -> None:
    """Forty photos: the portraits, each cut and mirrored otherwise."""
    for number in range(40):
        name = sample.NAMES[number % 3]
        photo = sample.photo(name)
        x1, y1, x2, y2 = sample.boxes()[name]
        room = 8 + 2 * (number // 3)  # around the face, in hundredths of its side
        left, top = max(0, x1 - (x2 - x1) * (1 + room / 100)), max(0, y1 - (y2 - y1) * room / 25)
        piece = photo.crop((round(left), round(top), photo.width - number, photo.height))
        folder = path / whole_photos.LABELS[name]
        folder.mkdir(parents=True, exist_ok=True)
        piece.save(folder / f"{number}.jpg")


def my_faces(path: Path) -> None:
    """Forty faces, and a table of them."""
    (path / "img").mkdir(parents=True)
    lines = ["path,label,split"]
    for number in range(40):
        sample.crop(number, 64).save(path / "img" / f"{number}.png")
        split = "valid" if number % 4 == 0 else "train"
        lines.append(f"img/{number}.png,{fer2013.FOLDERS[number % 7]},{split}")
    (path / "faces.csv").write_text("\n".join(lines), "utf-8")


def drowsiness(path: Path) -> None:
    for number in range(42):
        split = "valid" if number % 4 == 0 else "train"
        folder = path / split / ("awake", "drowsy", "asleep")[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        sample.crop(number, 64).save(folder / f"{number}.png")


def classifier(path: Path) -> None:
    shutil.copyfile(DEFAULT, path)


def network(path: Path) -> None:
    """A classifier of another project: no spec inside."""
    models.tiny_classifier(
        path, ("a", "b", "c"), input_size=64, resize=None, channels=3, metadata={}
    )


def detector(path: Path) -> None:
    detector_models.tiny_detector(path)


def resnet18(path: Path) -> None:
    timm = pytest.importorskip("timm")
    import torch

    torch.save(timm.create_model("resnet18").state_dict(), path)


def dataturks(path: Path) -> None:
    """The addresses are those of ``dataturks_pictures`` on a server of this machine."""
    rows = []
    for name, (x1, y1, x2, y2) in sample.boxes().items():
        width, height = sample.photo(name).size
        points = [{"x": x1 / width, "y": y1 / height}, {"x": x2 / width, "y": y2 / height}]
        box = {"label": ["Face"], "points": points, "imageWidth": width, "imageHeight": height}
        rows.append({"content": f"{{host}}/{name}", "annotation": [box], "extras": None})
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")


def space(path: Path) -> None:
    """The search space that the page on tuning shows."""
    shown = next(b for b in blocks(text_of("docs/tuning.md")) if b.language == "toml")
    path.write_text("\n".join(shown.lines), "utf-8")


def talk(path: Path) -> None:
    clips.write_face(path, frames=12)


def talks(path: Path) -> None:
    path.mkdir()
    for name in ("a.mp4", "b.avi"):
        clips.write_face(path / name, frames=3)


def frames(path: Path) -> None:
    path.mkdir()
    for number in range(4):
        image = Image.fromarray(clips.face(number))
        image.save(path / f"{number:04}.png")


def recipe(path: Path) -> None:
    path.write_text('architecture = "mlp"\nwidths = [8]\n', "utf-8")


FILES: dict[str, Callable[[Path], None]] = {
    "RAF-DB": rafdb,
    "WIDER_val": wider_val,
    "drowsiness": drowsiness,
    "export.json": dataturks,
    "detector.onnx": detector,
    "facemask853.zip": other_scenes,
    "face1.jpg": face(1),
    "face2.jpg": face(2),
    "faces": faces,
    "faces.onnx": detector,
    "fer2013.csv": fer2013_csv,
    "fer2013.zip": fer2013_zip,
    "frames": frames,
    "labelled_photos": labelled_photos,
    "model.onnx": classifier,
    "my.onnx": classifier,
    "my_faces": my_faces,
    "my_recipe.toml": recipe,
    "others.zip": other_scenes,
    "party.jpg": photo,
    "other.jpg": other_photo,
    "photo.jpg": photo,
    "photos": photos,
    "photos.zip": photos_zip,
    "resnet18.pth": resnet18,
    "space.toml": space,
    "talk.mp4": talk,
    "talks": talks,
    "theirs.onnx": network,
    "wider_train5.zip": train_scenes,
    "wider_val_dev.zip": other_scenes,
}
"""A shown name → what writes that file or folder."""
