from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import InputError
from mien.media.video.sources import expand_videos, is_video_name


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def expand(*names: object) -> list[str]:
    return [Path(path).name for path in expand_videos([str(name) for name in names])]


def test_a_folder_gives_its_videos(tmp_path: Path) -> None:
    folder = touch(tmp_path / "v", "b.MP4", "a.mov", ".hidden.mp4", "notes.txt", "poster.jpg")
    assert expand(folder) == ["a.mov", "b.MP4"]
    assert expand(folder / "*") == ["a.mov", "b.MP4"]
    assert expand(tmp_path / "*") == ["a.mov", "b.MP4"]
    assert expand(folder / "b.MP4", folder / "a.mov") == ["b.MP4", "a.mov"]


def test_a_folder_of_pictures_is_one_video(tmp_path: Path) -> None:
    assert expand(touch(tmp_path / "frames", "1.png", "2.png", "3.gif")) == ["frames"]
    assert expand(touch(tmp_path / "moving", "3.gif", "4.mp4")) == ["3.gif", "4.mp4"]


def test_other_names_stay_as_they_are(tmp_path: Path) -> None:
    odd = touch(tmp_path, "odd[1].mp4", "no_suffix") / "odd[1].mp4"
    assert expand(odd, tmp_path / "no_suffix", tmp_path / "missing.mp4", "f/%04d.png") == [
        "odd[1].mp4", "no_suffix", "missing.mp4", "%04d.png",
    ]  # fmt: skip


def test_nothing_found_is_reported_and_the_others_follow(tmp_path: Path) -> None:
    empty = touch(tmp_path / "empty", "notes.txt")
    errors: list[InputError] = []
    names = [str(empty), str(tmp_path / "*.mp4"), "a.mp4"]
    assert list(expand_videos(names, errors.append)) == ["a.mp4"]
    assert "contains no video" in str(errors[0]) and "no video matches" in str(errors[1])
    with pytest.raises(InputError, match="contains no video"):
        list(expand_videos(names))


def test_names_of_videos() -> None:
    assert is_video_name("a.MKV") and is_video_name(Path("b.webm"))
    assert not is_video_name("a.jpg") and not is_video_name("mp4")
