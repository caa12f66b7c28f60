from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import ConfigError, OutputError
from mien.media.video.reader import open_video
from mien.media.video.writer import VideoWriter, fitted
from tests.support import clips

TIMES = [2.0, 2.04, 2.05, 2.3, 2.31, 3.0, 3.5]
"""Of a variable rate; the video that is written starts at 0."""


@pytest.fixture(params=["pyav", "opencv"])
def with_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two that can write videos."""
    if request.param == "pyav":
        pytest.importorskip("av", reason="needs the 'video' extra")
    else:
        without_pyav(monkeypatch)
    return str(request.param)


def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)


def write(path: Path, times: list[float], rate: float = 25, **options: Any) -> str:
    with VideoWriter(path, rate, **options) as video:
        for number, time_s in enumerate(times):
            video.write(clips.grey(number), time_s)
    return video.description


def read(path: Path) -> tuple[list[int], list[float]]:
    frames = list(open_video(path))
    return [clips.number_of(frame.image) for frame in frames], [frame.time_s for frame in frames]


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".MP4"])
def test_frames_come_back_with_size_rate_and_colours(
    tmp_path: Path, with_library: str, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    said = write(path, [5 + n / 10 for n in range(10)], rate=10)
    assert said.startswith(
        {("pyav", ".mp4"): "H.264, no sound", ("pyav", ".webm"): "VP9, no sound",
         ("opencv", ".mp4"): ("H.264", "MPEG-4 Part 2, which browsers do not play, no sound"),
         ("opencv", ".webm"): "VP8, no sound"}[with_library, suffix.lower()]
    )  # fmt: skip
    video = open_video(path)
    assert (video.width, video.height) == (64, 48)
    assert video.rate == pytest.approx(10, rel=0.01)
    numbers, times = read(path)
    assert numbers == list(range(10))
    assert times == pytest.approx([n / 10 for n in range(10)], abs=1e-3)
    red, green, blue = next(iter(open_video(path))).image[4, 4].astype(int)
    assert red > 200 and green < 60 and blue < 60
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_variable_rate_is_kept(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    write(tmp_path / "a.mp4", TIMES)
    numbers, times = read(tmp_path / "a.mp4")
    assert numbers == list(range(7))
    assert times == pytest.approx([time_s - 2 for time_s in TIMES], abs=1e-4)


def test_opencv_keeps_time_by_repeating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_pyav(monkeypatch)
    write(tmp_path / "a.mp4", TIMES, rate=20)
    numbers, times = read(tmp_path / "a.mp4")
    assert times == pytest.approx([n / 20 for n in range(31)], abs=1e-3)
    for number, time_s in zip(numbers, times, strict=True):  # the last that begins by then
        assert number == max(n for n, begin in enumerate(TIMES) if begin - 2 <= time_s + 0.024)
    write(tmp_path / "b.mp4", [0, 0.04, 1e9])  # a damaged file: not a billion seconds
    assert len(read(tmp_path / "b.mp4")[0]) == 2 + 60 * 25


def test_odd_sides_and_other_sizes(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    with VideoWriter(tmp_path / "a.mp4", 25) as video:
        video.write(clips.grey(9, 63, 47), 0)
        video.write(clips.grey(9, 126, 47), 0.04)  # twice as wide
    first, second = (frame.image for frame in open_video(tmp_path / "a.mp4"))
    assert first.shape == second.shape == (48, 64, 3)
    assert abs(int(first[40, 62, 1]) - 72) < 8 and abs(int(second[24, 60, 1]) - 72) < 8
    assert second[4].max() < 16 and second[-4].max() < 16  # black above and below


PAN = """
import sys
import cv2
from pathlib import Path
from mien.media.video.writer import VideoWriter
from mien.samples import ASTRONAUT
image = cv2.imread(str(ASTRONAUT))
with VideoWriter(Path(sys.argv[1]), 25) as video:
    for n in range(36):
        video.write(image[n : n + 200, 2 * n : 2 * n + 200], n / 25)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc fills memory")
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_the_same_frames_give_the_same_file_whatever_was_in_memory(
    tmp_path: Path, suffix: str
) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    found = set()
    for filled in ("0", "1", "170"):
        path = tmp_path / f"{filled}{suffix}"
        environment = {**os.environ, "MALLOC_PERTURB_": filled}
        subprocess.run([sys.executable, "-c", PAN, path], env=environment, check=True)
        found.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(found) == 1


def test_a_picture_is_fitted_into_a_size() -> None:
    image = clips.grey(9, 64, 48)
    assert fitted(image, (64, 48)) is image
    assert (fitted(image, (32, 24))[20, 28] == 72).all()
    wide = fitted(image, (128, 48))
    assert wide.shape == (48, 128, 3) and not wide[:, :32].any() and wide[30, 80].any()
    assert fitted(clips.grey(9, 1, 900), (64, 48)).shape == (48, 64, 3)


def sound_of(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as file:
        if not file.streams.audio:
            return np.zeros(0)
        return np.concatenate([f.to_ndarray()[0] for f in file.decode(audio=0)])


def test_sound_is_copied_from_where_the_video_starts(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    source = clips.write_timed(tmp_path / "s.mp4", list(range(0, 3001, 100)), sound=True)
    whole = sound_of(source)
    for start, end in ((0.0, 3.0), (1.0, 2.0)):
        out = tmp_path / f"o{start}.mp4"
        times = [frame.time_s for frame in open_video(source, start=start, end=end)]
        assert write(out, times, rate=10, sound=str(source)) == "H.264, with sound (aac)"
        heard = sound_of(out)
        assert len(heard) / 44100 == pytest.approx(end - start, abs=0.08)
        begin = round(start * 44100)
        best = max(  # packets are of 1,024 samples
            range(-2048, 2049, 64), key=lambda lag: float(
                (whole[begin + 4096 + lag : begin + 30000 + lag] * heard[4096:30000]).sum()
            ),
        )  # fmt: skip
        assert abs(best) <= 1024 + 64
    assert write(tmp_path / "o.webm", [0, 1], sound=str(source)) == (
        "VP9, no sound (webm holds no aac)"
    )
    silent = clips.write(tmp_path / "silent.mp4")
    assert write(tmp_path / "o2.mp4", [0, 1], sound=str(silent)) == "H.264, no sound"
    gone = write(tmp_path / "o3.mp4", [0, 1], sound=str(tmp_path / "gone.mp4"))
    assert gone.startswith("H.264, no sound (") and len(read(tmp_path / "o3.mp4")[0]) == 2


def test_sound_of_a_real_clip(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="needs the 'video' extra")
    source = shared / "clips" / "no_face.mp4"
    out = tmp_path / "o.mp4"
    assert write(out, [0, 1, 2, 3], rate=1, sound=str(source)) == "H.264, with sound (aac)"
    expected, heard = sound_of(source), sound_of(out)
    late = len(expected) - len(heard)  # a packet that begins before the pictures is left out
    assert 0 <= late < 1024
    # The very same packets; the first of them needs the one before it.
    assert np.abs(expected[late + 2048 :] - heard[2048:]).max() < 1e-4


def test_a_video_takes_its_name_at_the_end(tmp_path: Path, with_library: str) -> None:
    path = tmp_path / "a.mp4"
    write(path, [0, 0.04])
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), VideoWriter(path, 25) as video:
        video.write(clips.grey(1), 0)
        assert path.read_bytes() == before
        raise KeyboardInterrupt
    assert read(path)[0] == [1]  # what came before is kept
    with VideoWriter(path, 25) as video:
        pass
    assert read(path)[0] == [1]  # no frame, no video
    video.close()
    with pytest.raises(OutputError, match="closed"):
        video.write(clips.grey(1), 0)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, with_library: str, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "a.mp4"
    write(path, [0, 0.04])
    before = path.read_bytes()
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    with (
        pytest.raises(OutputError, match=r"cannot write .*a\.mp4"),
        full_disk(5000),
        VideoWriter(path, 25) as video,
    ):
        for number in range(100):
            video.write(np.roll(noise, number, 0), number / 25)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_what_is_not_a_video_of_its_kind_is_not_overwritten(tmp_path: Path) -> None:
    for name in ("a.avi", "a.jpg", "a", "a.mp4.txt"):
        with pytest.raises(ConfigError, match=r"written as \.mp4 or \.webm"):
            VideoWriter(tmp_path / name, 25)
    (tmp_path / "notes.mp4").write_text("precious")
    clips.write(tmp_path / "really.mp4").rename(tmp_path / "really.webm")
    for path in (tmp_path / "notes.mp4", tmp_path / "really.webm"):
        with pytest.raises(OutputError, match="holds none of its kind"):
            VideoWriter(path, 25)
    os.mkfifo(tmp_path / "fifo.mp4")
    for path in (tmp_path / "fifo.mp4", tmp_path / "no" / "a.mp4"):
        with pytest.raises(OutputError):
            VideoWriter(path, 25)
    (tmp_path / "empty.mp4").touch()
    write(tmp_path / "empty.mp4", [0])
    assert read(tmp_path / "empty.mp4")[0] == [0]


def test_times_that_do_not_increase_still_make_a_video(tmp_path: Path, with_library: str) -> None:
    write(tmp_path / "a.mp4", [0, 0.04, 0.04, 0.01, 0.08])
    _, times = read(tmp_path / "a.mp4")
    assert times and all(later > earlier for earlier, later in pairwise(times))


@pytest.mark.parametrize("folder", [b"\xff\xfe", b"%d", b"a\nb", b"-x", b"http:"])
def test_a_folder_of_any_name(
    tmp_path: Path, with_library: str, folder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(folder)
    Path(name).mkdir()
    write(Path(name) / "a.mp4", [0, 0.04])
    assert len(read(Path(name) / "a.mp4")[0]) == 2
