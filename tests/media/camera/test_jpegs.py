"""Pictures are cut out of a stream byte for byte, whatever stands between them."""

from __future__ import annotations

import io

import cv2
import numpy as np
import PIL.Image
import pytest

from mien.media.camera.arrivals import NO_PICTURES, TOO_LARGE, StreamError
from mien.media.camera.jpegs import Jpegs
from tests.support.clips import face

EMPTY = b"\xff\xd8\xff\xd9"
HEAD = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 12345\r\n\r\n"


def encoded(**options: object) -> bytes:
    """A real face as Pillow writes it."""
    out = io.BytesIO()
    PIL.Image.fromarray(face()).save(out, "JPEG", **options)
    return out.getvalue()


def with_thumbnail() -> bytes:
    """As photographs have it: a second JPEG, with markers of its own, inside the header."""
    small = encoded(quality=20)[:60_000]
    return encoded(exif=b"Exif\0\0" + small)


PICTURES = [
    encoded(), encoded(progressive=True), encoded(quality=100, subsampling=0), with_thumbnail(),
    encoded(comment=b"\xff\xd9\xff\xd8\xff"),
    cv2.imencode(".jpg", face(), [cv2.IMWRITE_JPEG_RST_INTERVAL, 1])[1].tobytes(),
]  # fmt: skip


def cut(stream: bytes, at_once: int) -> list[bytes]:
    jpegs = Jpegs()
    pieces = (stream[i : i + at_once] for i in range(0, len(stream), at_once))
    return [jpeg.data for piece in pieces for jpeg in jpegs.feed(piece)]


@pytest.mark.parametrize("at_once", [1, 2, 7, 1000, 1 << 20])
@pytest.mark.parametrize("between", [
    b"", HEAD, b"\r\n--frame\r\n", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00",
    b"\xff\xd8\xff\x00", EMPTY, bytes(range(256)),
])  # fmt: skip
def test_what_stands_between_pictures_does_not_matter(between: bytes, at_once: int) -> None:
    pictures = PICTURES if at_once > 7 else PICTURES[:2]
    found = cut(b"".join(between + picture for picture in pictures), at_once)
    assert [one for one in found if one != EMPTY] == pictures


def test_a_picture_is_complete_with_its_last_byte() -> None:
    jpegs = Jpegs()
    assert not list(jpegs.feed(HEAD + PICTURES[0][:-1]))
    (jpeg,) = jpegs.feed(PICTURES[0][-1:])
    height, width = face().shape[:2]
    assert jpeg == (PICTURES[0], height * width)


@pytest.mark.parametrize("kept", [3, 50, 400, 3000])
def test_a_picture_that_breaks_off_is_left_out(kept: int) -> None:
    stream = HEAD + PICTURES[0][:kept] + HEAD + PICTURES[1] + HEAD + PICTURES[2]
    found = cut(stream, 1000)
    assert PICTURES[2] in found and set(found) <= set(PICTURES)


def test_random_bytes_have_no_pictures_that_open() -> None:
    noise = np.random.default_rng(0).integers(0, 256, 200_000, np.uint8).tobytes()
    found = cut(noise + PICTURES[0] + HEAD + PICTURES[1], 65536)
    assert PICTURES[1] in found


def test_limits() -> None:
    jpegs = Jpegs(most_bytes=20_000)
    with pytest.raises(StreamError, match=TOO_LARGE):
        list(jpegs.feed(PICTURES[0][:-2] + b"\x55" * 20_000))
    jpegs = Jpegs(most_bytes=20_000)
    with pytest.raises(StreamError, match=NO_PICTURES):
        for _ in range(30):
            list(jpegs.feed(b"garbage " * 100))
    jpegs = Jpegs(most_bytes=20_000)
    for _ in range(30):  # garbage counts between two pictures, not in all
        assert len(list(jpegs.feed(b"garbage " * 100 + PICTURES[0]))) == 1
