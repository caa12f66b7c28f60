"""A camera that shows one picture once, for the programs of the documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mien.media.video.reader import Frame
from tests.support.clips import face


class StillCamera:
    """Has what programs use of ``mien.media.camera.reader.Camera``."""

    dropped = 0

    def __init__(self, name: str) -> None:
        self.name = name

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(face(), 0, 0.0)


@contextmanager
def open_camera(source: str) -> Iterator[StillCamera]:
    """Takes the place of ``mien.media.camera.reader.open_camera``."""
    yield StillCamera(source)
