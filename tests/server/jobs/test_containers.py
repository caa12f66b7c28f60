from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.server.jobs.containers import HEAD, is_container
from tests.support.clips import write


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv", ".webm"])
def test_videos_that_opencv_writes(tmp_path: Path, suffix: str) -> None:
    assert is_container(write(tmp_path / f"a{suffix}", 3).read_bytes()[:HEAD])


def test_real_clips(shared: Path) -> None:
    for path in (shared / "clips").iterdir():
        if path.suffix in (".mp4", ".mov"):
            assert is_container(path.read_bytes()[:HEAD]), path


@pytest.mark.parametrize("form", ["mpegts", "mpeg", "flv", "asf", "ogg", "yuv4mpegpipe"])
def test_what_ffmpeg_writes(tmp_path: Path, form: str) -> None:
    av = pytest.importorskip("av", reason="needs the 'video' extra")
    codec = {
        "flv": "flv", "ogg": "libvpx", "yuv4mpegpipe": "rawvideo", "asf": "mpeg4",
    }.get(form, "mpeg2video")  # fmt: skip
    path = tmp_path / "clip"
    with av.open(str(path), "w", format=form) as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(30):
            output.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        output.mux(stream.encode(None))
    assert is_container(path.read_bytes()[:HEAD])


@pytest.mark.parametrize(
    "head",
    [
        b"#EXTM3U\n", b"ffconcat version 1.0\n", b"<?xml version='1.0'?><MPD/>", b"v=0\r\no=- 0",
        b"[playlist]\n", b"RIFF....WAVE", b"\x89PNG\r\n", b"PK\x03\x04", b"", b"G" * 100,
        b"file:///etc/passwd", b"\0" * 64,
    ],
)  # fmt: skip
def test_lists_and_others_are_refused(head: bytes) -> None:
    assert not is_container(head)
