"""What the reading process makes of a webcam that misbehaves, as OpenCV's drivers do."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.media.camera import capture
from mien.media.camera.arrivals import FROZEN, NO_MEMORY, OVER, TOO_LARGE, UNPLUGGED
from mien.media.camera.child import read
from mien.media.camera.slots import SIZE, Slots
from tests.support.clips import grey

Picture = NDArray[np.uint8] | None
LIMIT = 10_000


@pytest.fixture
def slots() -> Iterator[Slots]:
    with tempfile.TemporaryFile() as file:
        os.ftruncate(file.fileno(), SIZE)
        yield Slots(file.fileno())


@pytest.fixture
def webcam(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[tuple[bool, Picture]]], None]:
    """Installs a driver whose ``read`` gives what is passed, then fails."""

    def install(answers: Iterator[tuple[bool, Picture]], opened: bool = True) -> None:
        class Driver:
            def __init__(self, number: int) -> None:
                assert number == 0

            def isOpened(self) -> bool:  # noqa: N802
                return opened

            def set(self, *_: object) -> None: ...

            def read(self) -> tuple[bool, Picture]:
                return next(answers, (False, None))

        monkeypatch.setattr(cv2, "VideoCapture", Driver)
        monkeypatch.setattr(capture, "_PAUSE_S", 0.0)

    return install


def bgr(number: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(grey(number)[:, :, ::-1])


def test_frames_come_in_rgb(slots: Slots, webcam: Callable[..., None]) -> None:
    webcam((True, bgr(n)) for n in range(5))
    assert read(0, slots, LIMIT, None) == OVER
    newest = slots.newest()
    assert newest is not None and newest.number == 5
    np.testing.assert_array_equal(newest.image, grey(4))


def test_a_few_failures_are_passed_over(slots: Slots, webcam: Callable[..., None]) -> None:
    bad = [(False, None), (True, None), (True, np.zeros((0, 0, 3), np.uint8)), (False, bgr(9))]
    webcam(iter([*bad, (True, bgr(1)), *bad, (True, bgr(2))]))
    assert read(0, slots, LIMIT, None) == OVER
    assert slots.number == 2


def test_success_without_a_picture_for_ever_ends(slots: Slots, webcam: Callable[..., None]) -> None:
    webcam(iter(lambda: (True, None), 0))
    assert read(0, slots, LIMIT, None) == OVER


def test_the_same_picture_for_ever_is_frozen(slots: Slots, webcam: Callable[..., None]) -> None:
    """As some drivers repeat the last one after the camera was unplugged."""
    webcam(iter(lambda: (True, bgr(3)), 0))
    assert read(0, slots, LIMIT, 0.05) == FROZEN


def test_a_picture_that_changes_a_little_is_not_frozen(
    slots: Slots, webcam: Callable[..., None]
) -> None:
    def noise() -> Iterator[tuple[bool, Picture]]:
        for number in range(200):
            image = bgr(3)
            image[-1, -1, 2] = number % 2
            yield True, image

    webcam(noise())
    assert read(0, slots, LIMIT, 1e-9) == OVER


def test_what_cannot_be_read(
    slots: Slots, webcam: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    webcam(iter(()), opened=False)
    assert read(0, slots, LIMIT, None) == UNPLUGGED
    webcam(iter([(True, bgr(1))]))
    assert read(0, slots, 64 * 48 - 1, None) == TOO_LARGE

    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Slots, "reserve", full)
    webcam(iter([(True, bgr(1))]))
    assert read(0, slots, LIMIT, None) == NO_MEMORY
    assert slots.number == 0
