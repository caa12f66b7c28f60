from __future__ import annotations

import io
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import ConfigError, VideoReadError
from mien.media.video.capture import Capture
from mien.media.video.reader import open_video
from mien.samples import ASTRONAUT
from tests.support import clips
from tests.support.web import content, serving

MS = [0, 40, 50, 300, 310, 1000, 1500]
REAL = ("noface_face.mov", "no_face.mp4", "pyfeat_single_face.mp4")


def numbers(path: Path, **options: Any) -> list[int]:
    """The numbers of the grey frames that come."""
    return [clips.number_of(frame.image) for frame in open_video(path, **options)]


def read(path: Path) -> tuple[list[int], str]:
    """The frames that come, and what is wrong."""
    errors: list[str] = []
    found = numbers(path, on_error=lambda name, error: errors.append(str(error)))
    assert len(errors) <= 1
    return found, errors[0] if errors else ""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames at 25 a second."""
    return clips.write(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv", ".webm"])
def test_every_frame_of_every_container(tmp_path: Path, suffix: str) -> None:
    video = open_video(clips.write(tmp_path / f"a{suffix}"))
    assert (video.width, video.height, video.rate, video.expected) == (64, 48, 25, 10)
    frames = list(video)
    assert [frame.index for frame in frames] == list(range(10))
    assert [clips.number_of(frame.image) for frame in frames] == list(range(10))
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in range(10)])
    first = frames[0].image
    assert first.shape == (48, 64, 3) and first.dtype == np.uint8 and first.flags.c_contiguous
    red, green, blue = first[4, 4].astype(int)
    assert red > 200 and green < 60 and blue < 60  # RGB, not OpenCV's BGR


@pytest.mark.parametrize("name", REAL)
def test_times_of_real_clips_are_those_of_pyav(shared: Path, name: str) -> None:
    av = pytest.importorskip("av", reason="needs the 'video' extra")
    path = shared / "clips" / name
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        begin = (stream.start_time or 0) * stream.time_base
        expected = [float(f.pts * f.time_base - begin) for f in file.decode(stream)]
    found = [frame.time_s for frame in open_video(path)]
    assert found == pytest.approx(expected, abs=1e-4)
    assert all(later > earlier for earlier, later in pairwise(found))


def test_pictures_of_a_real_clip_are_those_of_pyav(shared: Path) -> None:
    av = pytest.importorskip("av", reason="needs the 'video' extra")
    path = shared / "clips" / "pyfeat_single_face.mp4"
    with av.open(str(path)) as file:
        wanted = [f.to_ndarray(format="rgb24") for n, f in enumerate(file.decode(video=0)) if n < 3]
    for frame, expected in zip(open_video(path, end=0.1), wanted, strict=True):
        assert frame.image.shape == expected.shape
        assert np.abs(frame.image.astype(int) - expected).mean() < 2


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_times_of_a_variable_rate_are_the_containers(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    path = clips.write_timed(tmp_path / f"v{suffix}", MS)
    frames = list(open_video(path))
    assert [frame.time_s for frame in frames] == pytest.approx([ms / 1000 for ms in MS], abs=1e-3)
    assert [clips.number_of(frame.image) for frame in frames] == list(range(len(MS)))


def test_a_stream_without_times_is_counted_and_says_so(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    notes: list[str] = []
    path = clips.write_timed(
        tmp_path / "raw.h264", list(range(0, 200, 40)), "libx264",
        change=lambda stream: setattr(stream.codec_context, "time_base", Fraction(1, 25)),
    )  # fmt: skip
    found = [frame.time_s for frame in open_video(path, on_note=notes.append)]
    assert found == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert len(notes) == 1 and "they are counted at 25 a second" in notes[0]
    with pytest.warns(UserWarning, match="they are counted"):
        list(open_video(path))


def test_files_that_were_joined_go_on(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    path = clips.write_timed(tmp_path / "a.ts", list(range(0, 1200, 40)))
    path.write_bytes(path.read_bytes() * 2)
    found = [frame.time_s for frame in open_video(path)]
    assert found == pytest.approx([n / 25 for n in range(60)], abs=1e-3)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_rotation_that_the_file_asks_for_is_applied(tmp_path: Path, turns: int) -> None:
    path = clips.rotate(clips.write(tmp_path / "a.mp4"), turns)
    video = open_video(path)
    image = next(iter(video)).image
    assert (
        image.shape == (video.height, video.width, 3) == ((64, 48, 3) if turns % 2 else (48, 64, 3))
    )
    corners = {1: (3, -4), 2: (-4, -4), 3: (-4, 3)}  # clockwise from the top left
    assert image[corners[turns]][0] > 200


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, list(range(10))),
        ({"every": 3}, [0, 3, 6, 9]),
        ({"start": 0.1}, [3, 4, 5, 6, 7, 8, 9]),
        ({"end": 0.12}, [0, 1, 2]),  # the end is not in it
        ({"start": 0.08, "end": 0.3, "every": 2}, [2, 4, 6]),
        ({"fps": 12.5}, [0, 2, 4, 6, 8]),
        ({"fps": 10}, [0, 3, 5, 8]),  # first at or after 0, 0.1, 0.2 and 0.3 s
        ({"fps": 1000}, list(range(10))),
        ({"start": 0.05, "fps": 5}, [2, 7]),
    ],
)
def test_frames_that_are_asked_for(clip: Path, options: Any, expected: list[int]) -> None:
    assert numbers(clip, **options) == expected
    frames = list(open_video(clip, **options))
    assert [frame.index for frame in frames] == expected
    assert [frame.time_s for frame in frames] == pytest.approx([n / 25 for n in expected])


def test_the_expected_number_is_near(clip: Path) -> None:
    for options, least, most in (
        ({}, 10, 10), ({"every": 3}, 4, 4), ({"fps": 10}, 4, 4), ({"start": 0.2}, 5, 5),
        ({"end": 0.1}, 2, 3), ({"start": 9.0}, 0, 0),
    ):  # fmt: skip
        assert least <= (open_video(clip, **options).expected or 0) <= most


@pytest.mark.parametrize(
    "options",
    [
        {"start": -1}, {"start": math.nan}, {"start": 2, "end": 1}, {"end": 0}, {"every": 0},
        {"every": True}, {"fps": 0}, {"fps": math.inf}, {"every": 2, "fps": 3}, {"rate": 0},
        {"rate": math.nan}, {"max_pixels": 0},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(clip: Path, options: Any) -> None:
    with pytest.raises(ConfigError):
        open_video(clip, **options)


def test_two_iterators_share_the_frames_and_end_when_the_video_is_closed(clip: Path) -> None:
    video, threads = open_video(clip), threading.active_count()
    one, other = iter(video), iter(video)
    assert [next(each).index for each in (one, other, one, other)] == [0, 1, 2, 3]
    video.close()
    assert not [*one, *other]
    assert threading.active_count() <= threads


def test_closing_ends_the_way_to_a_far_start(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Capture, "grab", lambda self: not time.sleep(0.001))  # without end
    monkeypatch.setattr(Capture, "last_time", 0.0, raising=False)
    video = open_video(clip, start=1.0, on_note=str)
    threading.Timer(0.05, video.close).start()
    assert not list(video)


def test_a_start_after_the_end_is_said(clip: Path) -> None:
    with pytest.raises(VideoReadError, match=r"has no frame from 7 s on: it ends at 0\.4 s"):
        list(open_video(clip, start=7))


def test_too_many_pixels_are_refused(clip: Path) -> None:
    with pytest.raises(VideoReadError, match="64×48 pixels, above the limit of 100"):
        open_video(clip, max_pixels=100)


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def blank(data: bytes) -> bytes:
    third = len(data) // 3
    return data[:third] + bytes(third // 2) + data[third + third // 2 :]


@pytest.mark.parametrize(
    ("name", "harm", "says"),
    [
        ("a.mp4", cut, "was cut off, so that nothing of it can be read"),
        ("a.avi", cut, "ends before the 1.2 s that it declares"),
        ("a.mkv", cut, "ends before the 1.2 s that it declares"),
    ],
)
def test_what_comes_before_the_damage_is_kept(
    tmp_path: Path, name: str, harm: Callable[[bytes], bytes], says: str
) -> None:
    path = clips.write(tmp_path / name, frames=30)
    path.write_bytes(harm(path.read_bytes()))
    if name == "a.mp4":  # its index comes last
        with pytest.raises(VideoReadError, match=says):
            open_video(path)
        return
    found, error = read(path)
    assert found == list(range(len(found))) and 5 < len(found) < 25
    assert says in error and f"{len(found)} of its frames" in error
    with pytest.raises(VideoReadError, match=says):  # without on_error, after the frames
        list(open_video(path))


def index_first(source: Path, target: Path) -> bytes:
    """The clip as streaming servers keep it, with the index before the pictures."""
    av = pytest.importorskip("av", reason="needs the 'video' extra")
    options = {"movflags": "faststart"}
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    return target.read_bytes()


def test_a_real_clip_that_is_cut_off_or_damaged_in_the_middle(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    data = index_first(shared / "clips" / "pyfeat_single_face.mp4", path)
    path.write_bytes(cut(data))
    errors: list[str] = []
    on_error = lambda name, error: errors.append(str(error))  # noqa: E731
    half = list(open_video(path, on_error=on_error))
    assert 15 < len(half) < 60 and "was cut off: it has" in errors.pop()
    path.write_bytes(blank(data))
    rest = list(open_video(path, on_error=on_error))
    assert 40 < len(rest) < 72 and "is damaged" in errors.pop()
    assert rest[-1].time_s == pytest.approx(71 / 30)  # what comes after the damage is kept too
    assert not errors


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.mp4", b"", r"is empty \(0 bytes\)"),
        ("a.mp4", b"hello\n" * 100, "no pictures of a video can be read"),
        ("a.avi", os.urandom(5000), "no pictures of a video can be read"),
        ("a.jpg", ASTRONAUT.read_bytes(), "is a picture, not a video"),
        ("a.csv", b"a,b\n1,2\n", "no pictures of a video can be read"),
    ],
)
def test_what_is_not_a_video_is_one_line(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(VideoReadError, match=says) as error:
        open_video(path)
    assert "\n" not in str(error.value)


def test_missing_files_folders_pipes_and_addresses(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    for source, says in (
        (tmp_path / "no.mp4", "no file"), (tmp_path, "has no pictures"),
        (tmp_path / "fifo.mp4", "it is a named pipe"), ("https://x.org/a.mp4", "download"),
        ("rtsp://x.org/a", "no file"), ("\0", "no file can have this name"),
    ):  # fmt: skip
        with pytest.raises(VideoReadError, match=says):
            open_video(source)


def test_sound_alone_is_not_a_video(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="needs the 'video' extra")
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), "fltp", "mono")
        frame.rate = 44100
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(VideoReadError, match="it holds sound alone, is damaged or is not a video"):
        open_video(path)


def test_a_video_without_frames_is_one_line(tmp_path: Path) -> None:
    """The head of an AVI that declares ten frames, and holds none."""
    data = clips.write(tmp_path / "a.avi").read_bytes()
    (tmp_path / "a.avi").write_bytes(data[: data.index(b"movi") + 4])
    with pytest.raises(VideoReadError):
        list(open_video(tmp_path / "a.avi"))


def test_a_playlist_does_not_reach_the_network(tmp_path: Path) -> None:
    with serving({"/x.ts": content(b"x")}) as web:
        (tmp_path / "a.m3u8").write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{web.url}/x.ts\n#EXT-X-ENDLIST\n"
        )
        (tmp_path / "a.ffconcat").write_text(f"ffconcat version 1.0\nfile {web.url}/x.ts\n")
        for name in ("a.m3u8", "a.ffconcat"):
            with pytest.raises(VideoReadError):
                open_video(tmp_path / name)
        assert not web.asked


@pytest.mark.parametrize(
    "name",
    [b"http:x.mp4", b"-i.mp4", b"concat:a|b.mp4", b"%d.mp4", b"\xff\xfe.mp4", b"a\n\x1b[2J.mp4"],
)
def test_a_name_is_only_a_name(
    tmp_path: Path, name: bytes, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = os.fsdecode(name)
    Path(path).write_bytes(clip.read_bytes())
    video = open_video(path)
    assert video.name == path
    assert len(list(video)) == 10


def test_files_and_pipes_are_copied_first(clip: Path, tmp_path: Path) -> None:
    with clip.open("rb") as file:
        video = open_video(file)
        assert video.name == str(clip) and len(list(video)) == 10
    assert open_video(io.BytesIO(clip.read_bytes())).name == "BytesIO"
    code = (
        "from mien.media.video.reader import open_video\nprint(len(list(open_video('/dev/stdin'))))"
    )
    with subprocess.Popen(["cat", str(clip)], stdout=subprocess.PIPE) as cat:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=cat.stdout, capture_output=True, text=True,
            check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
        )  # fmt: skip
    assert done.stdout == "10\n", done.stderr
    assert not list(tmp_path.iterdir())  # nothing is left behind

    class Broken(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise OSError("the line is dead")

    with pytest.raises(VideoReadError, match="the line is dead"):
        open_video(Broken())


def test_nothing_is_printed_about_damaged_files(shared: Path, tmp_path: Path) -> None:
    """In a process of its own: FFmpeg's level is fixed when a process opens its first video."""
    real = (shared / "clips" / "pyfeat_single_face.mp4").read_bytes()
    for name, data in (
        ("cut.mp4", cut(real)), ("blank.mp4", blank(real)), ("text.mp4", b"hello"),
        ("cut.avi", cut(clips.write(tmp_path / "a.avi", 30).read_bytes())),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(data)
    code = (
        "import sys\n"
        "from mien.media.video.reader import open_video\n"
        "from mien.errors import VideoReadError\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        list(open_video(path))\n"
        "    except VideoReadError as error:\n"
        "        print('reported')\n"
    )
    paths = [tmp_path / name for name in ("cut.mp4", "blank.mp4", "text.mp4", "cut.avi")]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("reported\n" * 4, "")
