from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest

from mien.media.camera.slots import SIZE, Slots
from tests.support.clips import grey, number_of


@pytest.fixture
def file() -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        os.ftruncate(file.fileno(), SIZE)
        yield file.fileno()


def write(slots: Slots, number: int, width: int = 64) -> None:
    slots.place(48, width)[:] = grey(number, width)
    slots.publish(number * 1000)


def test_the_reader_gets_the_newest_frame(file: int) -> None:
    writer, reader = Slots(file), Slots(file)
    assert reader.newest() is None
    for number in range(1, 9):
        write(writer, number, width=64 + number)  # the size may change
        newest = reader.newest()
        assert newest is not None
        assert (newest.number, newest.time_ns) == (number, number * 1000)
        np.testing.assert_array_equal(newest.image, grey(number, 64 + number))


def test_what_was_read_does_not_change_later(file: int) -> None:
    slots = Slots(file)
    write(slots, 1)
    newest = slots.newest()
    assert newest is not None
    for number in range(2, 9):
        write(slots, number)
    assert number_of(newest.image) == 1


def test_a_frame_that_is_half_written_is_not_seen(file: int) -> None:
    """As after the death of the writer: the one before it is there."""
    writer, reader = Slots(file), Slots(file)
    for number in (1, 2, 3):
        write(writer, number)
    writer.place(48, 64)[:24] = 255
    newest = reader.newest()
    assert newest is not None and newest.number == 3 and number_of(newest.image) == 3


def test_a_frame_that_is_overwritten_during_the_copy_is_read_again(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader = Slots(file), Slots(file)
    write(writer, 1)
    view = Slots._view

    def late(self: Slots, slot: int) -> np.ndarray:
        image = view(self, slot)
        with monkeypatch.context() as patch:
            patch.setattr(Slots, "_view", view)
            while writer.number < 4:  # laps the reader once
                write(writer, writer.number + 1)
        return image

    monkeypatch.setattr(Slots, "_view", late)
    newest = reader.newest()
    assert newest is not None and newest.number == 4 and number_of(newest.image) == 4


def test_only_what_is_used_takes_room(file: int) -> None:
    slots = Slots(file)
    write(slots, 1)
    with suppress(AttributeError):  # not on Windows
        assert os.fstat(file).st_blocks * 512 < 1_000_000
        slots.reserve(48, 64)
        assert os.fstat(file).st_blocks * 512 < 1_000_000
