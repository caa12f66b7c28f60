"""Pictures of an MJPEG stream: newest first, bounded, in their true size."""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import cv2
import numpy as np
import pytest

from mien.media.camera import mjpeg
from mien.media.camera.answer import open_stream
from mien.media.camera.arrivals import NO_PICTURES, OVER, TOO_LARGE, Picture, StreamError
from mien.media.camera.mjpeg import pictures
from tests.support.camera_server import FaultyCamera, faulty_camera, level_of
from tests.support.clips import face

LIMIT = 1_000_000


@contextmanager
def streaming(limit: int = LIMIT, **settings: object) -> Iterator[
    tuple[FaultyCamera, Iterator[Picture]]
]:  # fmt: skip
    with faulty_camera(**settings) as server:
        stream = open_stream(server.url)
        assert stream is not None
        yield server, pictures(stream, limit)


@pytest.mark.parametrize("settings", [
    {}, {"lengths": False}, {"between": b"\x00garbage\xff\xd8\xff" * 50},
])  # fmt: skip
def test_none_is_left_out_and_none_waits_for_the_next(settings: dict[str, object]) -> None:
    with streaming(**settings, rate=200) as (_, stream):
        came = 0
        for picture in islice(stream, 20):
            came += picture.came
            assert level_of(picture.bgr) == (came - 1) % 30
            assert picture.bgr[2, 2, 2] > 200  # red: BGR


def test_those_that_come_while_one_is_decoded_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with streaming(rate=100) as (server, stream):
        decode = mjpeg._decode

        def slowly(data: bytes) -> np.ndarray | None:
            sent = server.sent
            while server.sent < sent + 10:
                time.sleep(0.001)  # the thread that reads needs its turn
            return decode(data)

        monkeypatch.setattr(mjpeg, "_decode", slowly)
        seen = list(islice(stream, 3))
        # About ten each, fewer where the reading thread is late; none is lost from the count.
        assert seen[1].came >= 2 and seen[2].came >= 2
        assert level_of(seen[2].bgr) == (sum(one.came for one in seen) - 1) % 30


def test_a_change_of_size_is_a_change_of_size() -> None:
    with streaming() as (server, stream):
        assert next(stream).bgr.shape == (48, 64, 3)
        server.size = (120, 90)
        assert any(one.bgr.shape == (90, 120, 3) for one in islice(stream, 50))


def test_damaged_pictures_are_left_out() -> None:
    with streaming() as (server, stream):
        next(stream)
        server.mode = "broken"
        sent = server.sent
        while server.sent < sent + 3:
            pass
        server.mode = "serve"
        assert sum(next(stream).came for _ in range(5)) >= 5


def test_huge_pictures_end_it_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mjpeg, "_decode", lambda _: pytest.fail("decoded"))
    with streaming(limit=64 * 48 - 1) as (_, stream), pytest.raises(StreamError, match=TOO_LARGE):
        next(stream)


@pytest.mark.parametrize(("mode", "reason"), [
    ("huge", TOO_LARGE), ("garbage", NO_PICTURES), ("cut", OVER),
])  # fmt: skip
def test_ends(mode: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mjpeg, "MOST_BYTES", 10_000)
    with streaming(rate=200) as (server, stream):
        next(stream)
        server.mode = mode
        with pytest.raises(StreamError, match=reason):
            for _ in stream:
                pass


class Broken(io.BytesIO):
    """A body whose connection breaks at its end."""

    def read1(self, size: int | None = -1) -> bytes:
        data = super().read1(size)
        if not data:
            raise http.client.IncompleteRead(b"")
        return data


def test_what_came_before_the_connection_broke_is_there() -> None:
    jpeg = cv2.imencode(".jpg", face())[1].tobytes()
    stream = pictures(Broken(jpeg * 3), LIMIT)  # type: ignore[arg-type]
    assert sum(picture.came for picture in islice(stream, 1)) >= 1
    with pytest.raises(StreamError, match="broke"):
        list(stream)


def test_pictures_that_cannot_be_decoded_end_it() -> None:
    body = io.BytesIO(b"\xff\xd8\xff\xd9" * 100)
    with pytest.raises(StreamError):
        list(pictures(body, LIMIT))  # type: ignore[arg-type]
