from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mien.errors import VideoReadError
from mien.media.video.numbered import Numbered, is_pattern, of_folder, of_pattern
from mien.media.video.reader import open_video
from tests.support import clips


def pictures(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        Image.fromarray(clips.grey(number)).save(folder / name)
    return folder


def test_a_folder_is_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "f", "a2.png", "a10.png", "a9.png", ".hidden.png", "b1.jpg")
    (folder / "notes.txt").write_text("")
    found = [Path(path).name for path in of_folder(str(folder))]
    assert found == ["a2.png", "a9.png", "a10.png", "b1.jpg"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("i%d.png", ["i1.png", "i2.png", "i10.png", "i1000.png"]),
        ("i%03d.png", ["i002.png", "i010.png", "i1000.png"]),
        ("i%04d.png", ["i1000.png"]),
        ("%d.png", []),
        ("j%d.png", []),
    ],
)
def test_a_pattern_takes_the_files_that_printf_would_write(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    names = ("i1.png", "i2.png", "i002.png", "i010.png", "i10.png", "i1000.png", "i.png", "i1_png")
    for name in names:
        (tmp_path / name).touch()
    assert is_pattern(str(tmp_path / pattern))
    assert [Path(path).name for path in of_pattern(str(tmp_path / pattern))] == expected


def test_what_is_not_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a%d.mp4").touch()
    assert not is_pattern(str(tmp_path / "a%d.mp4"))  # a file of this name
    for name in ("a.mp4", "100%.mp4", "%d_%d.png", "%s.png", "%05x.png"):
        assert not is_pattern(str(tmp_path / name))
    assert not is_pattern(str(tmp_path / "%d" / "a.png"))


def test_frames_come_at_the_rate_that_is_given(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "f", *(f"{n:03}.png" for n in range(6)))
    notes: list[str] = []
    counted = list(open_video(folder, on_note=notes.append))
    assert [frame.time_s for frame in counted] == pytest.approx([n / 25 for n in range(6)])
    assert notes == [
        f"{str(folder)!r} lacks times of its frames: they are counted at 25 a second "
        "(rate sets another)"
    ]
    notes.clear()
    video = open_video(folder / "%03d.png", rate=2, fps=1, on_note=notes.append)
    assert (video.expected, video.rate, video.shown_rate) == (3, 2, 1)
    frames = list(video)
    assert [(f.index, f.time_s, clips.number_of(f.image)) for f in frames] == [
        (0, 0, 0), (2, 1, 2), (4, 2, 4),
    ]  # fmt: skip
    assert notes == []


def test_a_picture_that_cannot_be_read_is_left_out_and_reported(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "f", *(f"{n}.png" for n in range(4)))
    (folder / "1.png").write_bytes(b"no picture")
    errors: list[str] = []
    video = open_video(folder, rate=25, on_error=lambda name, error: errors.append(str(error)))
    assert [frame.index for frame in video] == [0, 2, 3]
    assert len(errors) == 1 and "1.png" in errors[0] and "3 of its frames" in errors[0]
    with pytest.raises(VideoReadError, match=r"none of the 1 pictures"):
        Numbered([str(folder / "1.png")], "'f'")


def test_an_empty_folder_or_pattern_is_one_line(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "%d.png", tmp_path / "nowhere" / "%d.png"):
        with pytest.raises(VideoReadError, match="check the path"):
            open_video(source)
