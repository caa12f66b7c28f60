"""An image sequence: the pictures in a folder, or of a pattern such as ``frames/%04d.png``."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mien.errors import ImageReadError, VideoReadError
from mien.media.clutter import is_clutter
from mien.media.decoder import Image
from mien.media.formats import is_picture_name
from mien.media.images import read_image

_NUMBER = re.compile(r"%(0(\d+))?d")


class Numbered:
    """Pictures in the order of their numbers, as the frames of a video.

    Its attributes and methods are those of ``mien.media.video.capture.Capture``. The frames have no
    times of their own.
    """

    counted = True
    file: str | None = None
    last_time: float | None = None

    def __init__(self, paths: list[str], name: str, max_pixels: int | None = None) -> None:
        """``paths``: one or more pictures, in order. Raises ``ImageReadError``."""
        self._paths, self._name, self._max_pixels = paths, name, max_pixels
        self._place = -1
        self._why: list[str] = []
        self.rate: float | None = None
        self.size = self._first_size()

    @property
    def declared(self) -> int | None:
        """The number of pictures."""
        return len(self._paths)

    def grab(self) -> bool:
        """Go to the next picture; ``False`` at the end."""
        self._place += 1
        return self._place < len(self._paths)

    def image(self) -> Image | None:
        """The picture, (H, W, 3) RGB uint8; ``None`` where it cannot be read."""
        try:
            return read_image(self._paths[self._place], max_pixels=self._max_pixels)
        except ImageReadError as error:
            self._why.append(str(error))
            return None

    def damage(self, end_s: float) -> str | None:
        """Which pictures could not be read, if any."""
        if not self._why:
            return None
        return f"has pictures that cannot be read ({len(self._why):,}; the first: {self._why[0]})"

    def close(self) -> None:
        """Nothing is open between two pictures."""

    def _first_size(self) -> tuple[int, int]:
        for path in self._paths:
            try:
                height, width = read_image(path, max_pixels=self._max_pixels).shape[:2]
            except ImageReadError:  # reported in its turn
                continue
            return width, height
        raise VideoReadError(
            f"none of the {len(self._paths):,} pictures of {self._name} is readable"
        )


def is_pattern(path: str) -> bool:
    """Whether the name of a file has one place for a number, as ``%d`` or ``%04d``."""
    return len(_NUMBER.findall(os.path.basename(path))) == 1 and not os.path.lexists(path)  # noqa: PTH119


def of_pattern(pattern: str) -> list[str]:
    """The files that fit ``pattern``, by their numbers. Raises ``OSError``."""
    folder, name = os.path.split(pattern)
    before, _, digits, after = _NUMBER.split(name)
    wanted = re.compile(f"{re.escape(before)}(\\d+){re.escape(after)}", re.ASCII)
    least = int(digits or 1)
    found = []
    for entry in os.listdir(folder or "."):  # noqa: PTH208
        fits = wanted.fullmatch(entry)
        if fits and len(fits[1]) >= least and (len(fits[1]) == least or fits[1][0] != "0"):
            found.append((int(fits[1]), os.path.join(folder, entry)))  # noqa: PTH118
    return [path for _, path in sorted(found)]


def of_folder(folder: str) -> list[str]:
    """The pictures in ``folder``, 2 before 10, without hidden and system files.

    Raises ``OSError``.
    """
    names = [n for n in os.listdir(folder) if is_picture_name(n) and not is_clutter(n)]  # noqa: PTH208
    return [str(Path(folder, name)) for name in sorted(names, key=_natural)]


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that compares the numbers within names as numbers."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)] + [(0, name)]
