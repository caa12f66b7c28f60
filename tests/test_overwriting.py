from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import OutputError
from mien.overwriting import MARK, check_apart, kept_apart


@pytest.fixture
def photos_dir(tmp_path: Path) -> Path:
    """``photos/a.png``, ``photos/sub/b.png`` and links to them outside."""
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        (tmp_path / "photos" / name).write_bytes(b"precious")
    (tmp_path / "hard").hardlink_to(tmp_path / "photos" / "a.png")
    (tmp_path / "soft").symlink_to(tmp_path / "photos" / "a.png")
    (tmp_path / "folder").symlink_to(tmp_path / "photos")
    return tmp_path


@pytest.mark.parametrize(
    "output", ["photos/a.png", "photos/../photos/a.png", "hard", "soft", "folder/a.png", "folder",
               "photos"]
)  # fmt: skip
def test_an_output_is_no_picture_that_is_read_nor_its_folder(photos_dir: Path, output: str) -> None:
    inputs = iter([str(photos_dir / "photos" / "a.png")])
    with pytest.raises(OutputError, match=r"cannot write '.*' \(.*input.*\): give another"):
        next(kept_apart(inputs, [None, photos_dir / output]))


@pytest.mark.parametrize("output", ["new", "photos/new.csv", "photos/sub", "."])
def test_other_outputs_are_fine(photos_dir: Path, output: str) -> None:
    inputs = [photos_dir / "photos" / "a.png", photos_dir / "missing", photos_dir / "nul\0"]
    assert list(kept_apart(inputs, [photos_dir / output])) == inputs


def test_pictures_are_checked_as_they_come(photos_dir: Path) -> None:
    came = []
    with pytest.raises(OutputError):
        for picture in kept_apart(["x", str(photos_dir / "hard"), "y"], [photos_dir / "soft"]):
            came.append(picture)
    assert came == ["x"]


@pytest.mark.parametrize(
    "output", ["photos", "folder", "photos/a.png", "photos/sub/b.png", "photos/sub", "folder/sub"]
)
def test_no_output_lies_over_pictures_of_a_folder_that_is_read(
    photos_dir: Path, output: str
) -> None:
    with pytest.raises(OutputError, match="input"):
        check_apart([photos_dir / output], [None, photos_dir / "photos"])


@pytest.mark.parametrize("output", ["photos/new.png", "photos/new", "hard.png", ".", "photos/ours"])
def test_figures_may_lie_in_a_folder_that_is_read(photos_dir: Path, output: str) -> None:
    (photos_dir / "photos" / "ours").mkdir()
    (photos_dir / "photos" / "ours" / "figure.png").write_bytes(b"\x89PNG" + MARK)
    check_apart([photos_dir / output], [photos_dir / "photos"])


def test_an_output_between_a_root_and_its_picture_is_refused(tmp_path: Path) -> None:
    picture = tmp_path / "photos/a/b.jpg"
    picture.parent.mkdir(parents=True)
    picture.touch()
    root = tmp_path / "photos"
    assert list(kept_apart([picture], [root])) == [picture]
    assert list(kept_apart([picture], [tmp_path], [root])) == [picture]  # above the root
    for output in (root, root / "a"):
        with pytest.raises(OutputError, match="lies in it"):
            list(kept_apart([picture], [output], [root]))
