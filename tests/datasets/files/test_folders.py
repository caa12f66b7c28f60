from __future__ import annotations

import os
from pathlib import Path

import pytest

from mien.datasets.files.archive import pictures_beside
from mien.datasets.files.folders import ROOTS, Folder
from mien.datasets.files.limits import LIMIT
from mien.errors import DatasetError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with links to a picture and a folder outside, inside, and to nothing."""
    for name in ("in/a.jpg", "in/sub/b.jpg", "out/secret.jpg", "out/more/c.jpg", "inside/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "in/file.jpg").symlink_to(tmp_path / "out/secret.jpg")
    (tmp_path / "in/folder").symlink_to(tmp_path / "out")
    (tmp_path / "in/same.jpg").symlink_to("sub/b.jpg")
    (tmp_path / "in/again").symlink_to("sub")
    (tmp_path / "in/none.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "in/loop").symlink_to(".")
    return tmp_path / "in"


OUTSIDE = [
    "../out/secret.jpg", "sub/../../out/secret.jpg", "file.jpg", "folder/secret.jpg",
    "folder/more/c.jpg", "../inside/d.jpg", "/etc/hostname",
]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_outside_is_read(name: str, root: Path) -> None:
    folder = Folder(root)
    for read in (folder.read, folder.text):
        with pytest.raises(DatasetError, match=f"lies outside the data set.*{ROOTS}"):
            read(name)
    with pytest.raises(DatasetError, match="lies outside the data set"):
        folder.read(str(root.parent / "out/secret.jpg"))
    assert not folder.holds(name)


def test_links_inside_are_followed_to_files(root: Path) -> None:
    folder = Folder(root)
    assert folder.names() == ["a.jpg", "file.jpg", "none.jpg", "same.jpg", "sub/b.jpg"]
    assert folder.read("same.jpg") == folder.read("again/b.jpg") == b"in/sub/b.jpg"
    assert folder.read("sub/../a.jpg") == folder.read(str(root / "a.jpg")) == b"in/a.jpg"
    assert folder.holds("again/b.jpg") and not folder.holds("sub") and not folder.holds("a\0.jpg")
    assert pictures_beside(folder) == {
        f"link to a folder outside the data set: {ROOTS} allows it": ["folder"]
    }
    with pytest.raises(DatasetError, match="No such file"):
        folder.read("none.jpg")


def test_further_roots_are_allowed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOTS, os.pathsep.join(["/nowhere", str(root.parent / "out")]))
    (root.parent / "out/back").symlink_to(root.parent / "out")  # a loop
    folder = Folder(root)
    assert "folder/more/c.jpg" in folder.names() and "folder/secret.jpg" in folder.names()
    assert len(folder.names()) < 12 and not folder.beside
    for name in ("file.jpg", "folder/secret.jpg", "../out/secret.jpg"):
        assert folder.read(name) == b"out/secret.jpg"
    with pytest.raises(DatasetError, match="lies outside"):
        folder.read("../inside/d.jpg")


def test_a_root_may_be_a_link_and_so_may_a_single_file(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert Folder(tmp_path / "link").read("sub/b.jpg") == b"in/sub/b.jpg"
    assert Folder(root / "file.jpg").read("file.jpg") == b"out/secret.jpg"
    with pytest.raises(DatasetError, match="lies outside"):
        Folder(root / "a.jpg").read("file.jpg")  # the user named another one


def test_a_neighbour_whose_name_begins_alike_is_outside(root: Path) -> None:
    assert root.parent.joinpath("inside").is_dir()  # beside "in"
    assert not Folder(root).holds(str(root.parent / "inside/d.jpg"))


def test_large_files_and_pipes_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.truncate(root / "a.jpg", 1 << 40)  # takes no space
    os.mkfifo(root / "pipe.json")
    folder = Folder(root)
    for read in (folder.read, folder.text):
        with pytest.raises(DatasetError, match=r"1,099,511,627,776 bytes, above the limit of"):
            read("a.jpg")
        with pytest.raises(DatasetError, match="named pipe"):
            read("pipe.json")
    monkeypatch.setenv(LIMIT, "5")
    with pytest.raises(DatasetError, match="above the limit of 5"):
        folder.read("sub/b.jpg")
