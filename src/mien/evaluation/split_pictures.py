"""The pictures of one split while a model is asked: which can be read, and which are skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mien.datasets.samples import Pixels, Sample
from mien.datasets.scene import Scene
from mien.errors import DatasetError

Progress = Callable[[int, int], None]
"""Called with (pictures done, pictures in all)."""


def read_or_skip(picture: Sample | Scene, skipped: list[str]) -> Pixels | None:
    """The decoded picture; ``None`` if it cannot be read, with the reason added to ``skipped``."""
    try:
        return picture.image
    except DatasetError as error:
        skipped.append(reason_for(picture, error))
        return None


def reason_for(picture: Sample | Scene, error: DatasetError) -> str:
    """Why ``picture`` cannot be read, with its key."""
    reason = str(error)  # which may name the picture already
    return reason if picture.key in reason else f"{picture.key}: {reason}"


def check_any_read(split: str, read: int, skipped: Sequence[str]) -> None:
    """Raise ``DatasetError`` if no picture of ``split`` was read."""
    if read:
        return
    reason = f": none of {len(skipped)} can be read, such as {skipped[0]}" if skipped else ""
    raise DatasetError(f"split {split!r} holds no pictures{reason}")
