"""Makes many different pictures of the few at hand, to try ``mien corpus`` at its size.

A third are FER2013's crops as they are; the others are random parts of photos, scaled, turned left
to right or not, and encoded anew, so that no two have the same bytes.

    python tools/corpus_pictures.py many --crops fer2013.zip --photos wider_train5.zip
"""

from __future__ import annotations

import argparse
import random
import zipfile
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

A_FOLDER = 1000
"""Pictures in one folder."""


def main() -> None:
    """Write the pictures into folders of a thousand."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--crops", required=True, type=Path)
    parser.add_argument("--photos", required=True, type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    crops = members(arguments.crops)
    crops = crops[: arguments.count // 3]
    photos = [photo for path in arguments.photos for photo in members(path)]
    draw.shuffle(photos)
    count = 0
    for archive, name in crops:
        save(arguments.out, count, Path(name).suffix, archive.read(name))
        count += 1
    each = -(-(arguments.count - count) // len(photos))
    for archive, name in photos:
        with Image.open(BytesIO(archive.read(name))) as opened:
            photo = opened.convert("RGB")
        for _ in range(min(each, arguments.count - count)):
            save(arguments.out, count, ".jpg", part(photo, draw))
            count += 1
    print(f"{count:,} pictures in {arguments.out}, {len(crops):,} of them crops of faces")


def members(path: Path) -> list[tuple[zipfile.ZipFile, str]]:
    """The pictures in a zip."""
    archive = zipfile.ZipFile(path)
    names = sorted(archive.namelist())
    return [(archive, name) for name in names if name.lower().endswith((".jpg", ".png"))]


def part(photo: Image.Image, draw: random.Random) -> bytes:
    """A random part of a photo as JPEG."""
    width, height = photo.size
    side = min(width, height)
    w, h = (draw.randint(max(1, side // 2), length) for length in (width, height))
    left, top = draw.randint(0, width - w), draw.randint(0, height - h)
    longest = draw.randint(120, 240)
    cut = photo.crop((left, top, left + w, top + h))
    cut.thumbnail((longest, longest))
    if draw.random() < 0.5:
        cut = ImageOps.mirror(cut)
    buffer = BytesIO()
    cut.save(buffer, "JPEG", quality=draw.randint(70, 95))
    return buffer.getvalue()


def save(folder: Path, number: int, suffix: str, data: bytes) -> None:
    """Write one picture."""
    inside = folder / f"{number // A_FOLDER:04d}"
    inside.mkdir(parents=True, exist_ok=True)
    (inside / f"{number:07d}{suffix}").write_bytes(data)


if __name__ == "__main__":
    main()
