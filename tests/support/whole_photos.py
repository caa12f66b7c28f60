"""A folder of labelled whole photos: the portraits that are committed, and one without a face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.support import sample

LABELS = {"astronaut.jpg": "happiness", "obama_smile.jpg": "happiness", "biden.jpg": "neutral"}
"""What the portraits show."""
EMPTY = "neutral/empty.png"
"""A photo without a face."""


def write(folder: Path, empty: bool = True) -> Path:
    """``happiness/astronaut.jpg`` and so on."""
    for name, label in LABELS.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / name).write_bytes(sample.path_of(name).read_bytes())
    if empty:
        Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (150, 1))).save(folder / EMPTY)
    return folder
