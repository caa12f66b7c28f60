"""Files that an older version of Mien wrote: ``tools/make_fixtures.py`` made them."""

from __future__ import annotations

import io
import lzma
import shutil
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "before"


def unpack(target: Path, source: Path = FOLDER) -> Path:
    """Copy the fixtures to a new folder ``target``, files named ``NAME.xz`` as ``NAME``."""
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".xz":
            copy.with_suffix("").write_bytes(lzma.decompress(path.read_bytes()))
        else:
            shutil.copyfile(path, copy)
    return target


def write_many(path: Path, count: int = 1100) -> Path:
    """The source of the half-finished pack: more pictures than are written at once, each grey."""
    with zipfile.ZipFile(path, "w") as file:
        for number in range(count):
            content = io.BytesIO()
            Image.fromarray(np.full((8, 8), number % 251, np.uint8)).save(content, "PNG")
            label = ("anger", "fear", "neutral")[number % 3]
            file.writestr(zipfile.ZipInfo(f"train/{label}/{number:04}.png"), content.getvalue())
    return path
