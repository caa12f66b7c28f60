"""A browser whose camera shows a film."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


@contextmanager
def camera_browser(kind: Any, folder: Path, frames: Iterable[NDArray[np.uint8]]) -> Iterator[Any]:
    """Debian's chromium, whose camera shows ``frames``, RGB, again and again.

    ``kind``: Playwright's ``chromium``, or ``browser_type`` of a browser. A context needs the
    permission "camera".
    """
    if not (chromium := shutil.which("chromium")):
        pytest.skip("Debian's chromium is not installed")
    film = folder / "camera.mjpeg"  # pictures one behind the other
    with film.open("wb") as file:
        for frame in frames:
            Image.fromarray(frame).save(file, "JPEG", quality=90)
    started = kind.launch(
        executable_path=chromium,
        args=[
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ],
    )
    try:
        yield started
    finally:
        started.close()
