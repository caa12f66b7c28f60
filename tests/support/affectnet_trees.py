"""Trees in the layouts of AffectNet's two releases, made of real faces."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HEADER = (
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
)  # fmt: skip


class Entry(NamedTuple):
    picture: bytes
    box: tuple[object, object, object, object]
    expression: object
    valence: object = 0.25
    arousal: object = -0.5


def jpeg(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def write_full(
    path: Path,
    tables: dict[str, Sequence[Entry]],
    header: Sequence[str] = HEADER,
    images: str = "Manually_Annotated_Images",
    lists: str = "",
) -> Path:
    """Full AffectNet: ``tables`` are file name → rows."""
    linked: dict[bytes, Path] = {}
    (path / lists).mkdir(parents=True, exist_ok=True)
    for table, entries in tables.items():
        with (path / lists / table).open("w", newline="") as file:
            writer = csv.writer(file)
            if header:
                writer.writerow(header)
            for number, entry in enumerate(entries):
                name = f"{number % 7 + 1}/{table[:5]}{number:05}.jpg"
                put(path / images / name, entry.picture, linked)
                marks = ";".join("1.50" for _ in range(136))
                cells = (name, *entry.box, marks, entry.expression, entry.valence, entry.arousal)
                named = dict(zip(HEADER, cells, strict=True))
                writer.writerow([named[column] for column in header or HEADER])
    return path


def write_2021(path: Path, sets: dict[str, Sequence[Entry]], text: bool = True) -> Path:
    """The release of 2021: ``sets`` are ``train_set`` or ``val_set`` → entries, from id 0."""
    linked: dict[bytes, Path] = {}
    for name, entries in sets.items():
        for number, entry in enumerate(entries):
            put(path / name / "images" / f"{number}.jpg", entry.picture, linked)
            values = {"exp": entry.expression, "val": entry.valence, "aro": entry.arousal}
            for kind, value in values.items():
                array = np.array(str(value) if text else value)
                put(path / name / "annotations" / f"{number}_{kind}.npy", npy(array), linked)
            marks = path / name / "annotations" / f"{number}_lnd.npy"
            put(marks, npy(np.zeros(136)), linked)
    return path


def npy(array: NDArray[np.generic]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def put(target: Path, data: bytes, linked: dict[bytes, Path]) -> None:
    """Equal files are one file under several names, which takes a fraction of the time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if data in linked:
        os.link(linked[data], target)
    else:
        target.write_bytes(data)
        linked[data] = target
