"""Small copies of FER2013 in every form in which it circulates, made of its real pictures."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FOLDERS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGES = {"Training": "train", "PublicTest": "public", "PrivateTest": "private"}
VOTES_HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)


class Row(NamedTuple):
    usage: str
    emotion: int
    image: NDArray[np.uint8]
    votes: str
    """Ten counts, with commas."""


def real_rows(path: Path, train: int = 40, public: int = 16, private: int = 8) -> list[Row]:
    """The first pictures of the real zip, read by Pillow; the last ones pose as PrivateTest."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
        votes = archive.read("ferplus.csv").decode().splitlines()[1:]

        def read(usage: str, count: int) -> list[Row]:
            chosen = sorted((n.split("_")[1], n) for n in names if f"/{usage}_" in n)[:count]
            return [
                Row(
                    usage,
                    FOLDERS.index(name.split("/")[1]),
                    np.array(Image.open(io.BytesIO(archive.read(name)))),
                    votes[int(number[:7])].split(",", 2)[2],
                )
                for number, name in chosen
            ]

        tests = read("PublicTest", public + private)
        return [
            *read("Training", train),
            *tests[:public],
            *(row._replace(usage="PrivateTest") for row in tests[public:]),
        ]


def write_csv(path: Path, rows: list[Row], header: str = "emotion,pixels,Usage") -> Path:
    """A table like ``fer2013.csv``; columns in the order of ``header``."""
    columns = [column.strip() for column in header.split(",")]
    with path.open("w", newline="") as file:
        file.write(header + "\n")
        writer = csv.writer(file, lineterminator="\n")
        for row in rows:
            pixels = " ".join(str(value) for value in row.image.ravel().tolist())
            cells = {"emotion": row.emotion, "pixels": pixels, "Usage": row.usage}
            writer.writerow([cells[column] for column in columns])
    return path


def write_kaggle_csv(path: Path, rows: list[Row]) -> Path:
    """A table like ``icml_face_data.csv``, whose column names start with a space."""
    return write_csv(path, rows, header="emotion, Usage, pixels")


def png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def files(rows: list[Row]) -> dict[str, bytes]:
    """The folder layout: names and contents."""
    return {
        f"{'train' if row.usage == 'Training' else 'test'}/{FOLDERS[row.emotion]}/"
        f"{row.usage}_{index:07d}.png": png(row.image)
        for index, row in enumerate(rows)
    }


def votes_file(rows: list[Row]) -> bytes:
    lines = [f"{row.usage},fer{i:07d}.png,{row.votes}" for i, row in enumerate(rows)]
    return "\n".join([VOTES_HEADER, *lines, ""]).encode()


def write_folder(path: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
