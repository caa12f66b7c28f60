from __future__ import annotations

from pathlib import Path

import pytest

from mien.datasets.files.folders import Folder
from mien.datasets.files.lookup import PictureFinder, path_in_archive


@pytest.fixture
def finder(tmp_path: Path) -> PictureFinder:
    for name in ("a/x/1.jpg", "b/x/1.jpg", "train/2.jpg", "val2017/2.jpg", "3.jpg", "train/5.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return PictureFinder(Folder(tmp_path))


@pytest.mark.parametrize(
    ("picture", "split", "member"),
    [
        ("a/x/1.jpg", "", "a/x/1.jpg"),
        ("elsewhere/b/x/1.jpg", "", "b/x/1.jpg"),  # the longest common end
        ("annotations/1.jpg", "", "annotations/1.jpg"),  # either could be meant
        ("annotations/5.jpg", "valid", "annotations/5.jpg"),  # that of another split is not it
        ("annotations/5.jpg", "test", "train/5.jpg"),  # no folder of its own
        ("annotations/train/5.jpg", "valid", "train/5.jpg"),  # as it says
        ("annotations/2.jpg", "valid", "val2017/2.jpg"),
        ("annotations/2.jpg", "train", "train/2.jpg"),
        ("train/2.jpg", "valid", "train/2.jpg"),  # as it says
        ("C:/pictures/3.jpg", "test", "3.jpg"),
        ("gone/4.jpg", "", "gone/4.jpg"),
        ("", "", ""),
    ],
)
def test_find(picture: str, split: str, member: str, finder: PictureFinder) -> None:
    assert finder.find(picture, split) == member
    there = bool(member and not member.startswith(("gone", "annotations")))
    assert finder.member(member) == (member if there else "")
    assert finder.ambiguous == ({picture} if picture == "annotations/1.jpg" else set())


def test_paths_begin_at_the_folder_of_the_annotation_file() -> None:
    assert path_in_archive("", "./a\\b.jpg") == "a/b.jpg"
    assert path_in_archive("c/d", "a.jpg") == "c/d/a.jpg"
