from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from mien.datasets.files.folders import Folder
from mien.datasets.files.lookup import PictureFinder, path_in_archive
from mien.datasets.files.zips import Zip


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


@pytest.mark.parametrize(
    ("picture", "member"),
    [
        ("TRAIN/2.JPG", "train/2.jpg"),  # the whole path in another case
        ("x/3.JPG", "3.jpg"),
        ("x/A/X/1.JPG", "a/x/1.jpg"),
        ("x/1.JPG", "x/1.JPG"),  # either could be meant
        ("x/same.jpg", "same/same.jpg"),  # in the same case
        ("OTHER/same.jpg", "other/SAME.jpg"),  # a longer end counts more than the case
        ("x/SaMe.jpg", "x/SaMe.jpg"),
    ],
)
def test_names_in_another_case(picture: str, member: str, finder: PictureFinder) -> None:
    root = finder._archive.path
    for name in ("same/same.jpg", "other/SAME.jpg"):
        (root / name).parent.mkdir()
        (root / name).write_bytes(b"")
    assert finder.find(picture) == member


def test_absolute_paths_and_paths_that_go_up(finder: PictureFinder, tmp_path: Path) -> None:
    assert finder.find(str(tmp_path / "a/x/1.jpg")) == "a/x/1.jpg"
    assert finder.find("/elsewhere/b/x/1.jpg") == "b/x/1.jpg"
    assert finder.find("../pictures/3.jpg") == "3.jpg"
    assert finder.find("../../secret.jpg") == "../../secret.jpg"
    assert not finder.ambiguous


@pytest.mark.parametrize("encoding", ["gbk", "big5", "shift_jis", "euc_kr", "utf-8"])
def test_names_of_zips_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    """As zip programs of Windows write them; Python shows them in code page 437."""
    name = "사진.jpg" if encoding == "euc_kr" else "中文.jpg"
    stored = name.encode(encoding)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(f"photos/{'x' * len(stored)}", b"x")
    data = (tmp_path / "a.zip").read_bytes().replace(b"x" * len(stored), stored)
    (tmp_path / "a.zip").write_bytes(data)
    archive = Zip(tmp_path / "a.zip")
    assert archive.read(PictureFinder(archive).find(f"elsewhere/{name}")) == b"x"


def test_time_does_not_grow_with_the_members_of_one_name() -> None:
    """Steps of looking up each frame of many videos, counted: twice as many take twice as many."""

    def steps(videos: int) -> int:
        names = [f"v{video}/{frame}.jpg" for video in range(videos) for frame in range(10)]
        finder = PictureFinder(Listed(names))
        count = 0

        def counted(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(counted)
        try:
            assert [finder.find(f"x/{name}") for name in names] == names
        finally:
            sys.setprofile(None)
        return count

    assert steps(200) < 2.2 * steps(100)


class Listed(Zip):
    """Names without a file."""

    def __init__(self, names: list[str]) -> None:
        self.path, self._names = Path("listed.zip"), names

    def names(self) -> list[str]:
        return self._names

    def holds(self, name: str) -> bool:
        return False


def test_deep_paths_take_linear_time() -> None:
    deep = "a/" * 20_000
    finder = PictureFinder(Listed([f"{deep}1.jpg", f"b/{deep}1.jpg"]))
    assert finder.find(f"c/{deep}1.jpg") == f"c/{deep}1.jpg"
    assert finder.ambiguous


def test_paths_begin_at_the_folder_of_the_annotation_file() -> None:
    assert path_in_archive("", "./a\\b.jpg") == "a/b.jpg"
    assert path_in_archive("c/d", "a.jpg") == "c/d/a.jpg"
    assert path_in_archive("c/d", "../a.jpg") == "c/a.jpg"
    assert path_in_archive("c", "../../a.jpg") == "../a.jpg"
    assert path_in_archive("c", "/a/b.jpg") == "/a/b.jpg"
    assert path_in_archive("", "") == ""
