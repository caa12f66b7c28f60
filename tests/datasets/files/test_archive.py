from __future__ import annotations

import bz2
import gzip
import lzma
import multiprocessing
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from mien.datasets.files.archive import Archive, open_archive
from mien.datasets.opening import open_dataset
from mien.errors import DatasetError

MEMBERS = {"b/two.txt": b"2", "b/c/three.txt": b"\xef\xbb\xbf3\n", "one.txt": b"1"}


@pytest.fixture(params=["folder", "zip"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    extra = {".git/x.txt": b"", "b/._two.txt": b"", "b/.DS_Store": b""}
    if request.param == "zip":
        path = tmp_path / "archive.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("b/", b"")
            for name, data in {**MEMBERS, **extra, "__MACOSX/b/._two.txt": b""}.items():
                archive.writestr(name, data)
        return path
    for name, data in {**MEMBERS, **extra}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_folder_and_zip_read_the_same(place: Path) -> None:
    archive = open_archive(place)
    assert not archive.is_file
    assert archive.names() == sorted(MEMBERS)
    assert {name: archive.read(name) for name in archive.names()} == MEMBERS
    with archive.text("b/c/three.txt") as file:
        assert file.read() == "3\n"


def _read_all(archive: Archive) -> None:
    assert all(archive.read(name) == name.encode() * 5000 for name in archive.names())


@pytest.mark.parametrize("start", multiprocessing.get_all_start_methods())
def test_several_processes_read_one_zip_at_once(tmp_path: Path, start: str) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as file:
        for number in range(200):
            file.writestr(f"{number}.txt", f"{number}.txt" * 5000)
    archive = open_archive(tmp_path / "archive.zip")
    context = multiprocessing.get_context(start)
    started = [context.Process(target=_read_all, args=(archive,)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0, 0, 0, 0]


def test_a_single_file_is_its_own_member(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_bytes(b"1")
    (tmp_path / "two.csv").write_bytes(b"2")
    archive = open_archive(tmp_path / "one.csv")
    assert archive.is_file
    assert archive.names() == ["one.csv"]
    assert archive.read("one.csv") == b"1"


def test_a_folder_named_like_a_file(tmp_path: Path) -> None:
    """Unpacking a file with the wrong tool leaves fer2013.csv/fer2013.csv."""
    (tmp_path / "data.csv").mkdir()
    (tmp_path / "data.csv" / "data.csv").write_bytes(b"1")
    assert open_archive(tmp_path).names() == ["data.csv/data.csv"]


def test_errors_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "words.zip").write_bytes(b"words")
    (tmp_path / "gone.txt").write_bytes(b"1")
    archive = open_archive(tmp_path)
    (tmp_path / "gone.txt").unlink()
    for call, words in (
        (lambda: open_archive(tmp_path / "nowhere"), "no such file or folder"),
        (lambda: open_archive(tmp_path / ("x" * 300)), "File name too long"),
        (lambda: open_archive(tmp_path / "gone\0.txt"), "embedded null (byte|character)"),
        (lambda: open_archive(tmp_path / "words.zip"), "not a zip file, or is truncated"),
        (lambda: archive.read("gone.txt"), "gone.txt: No such file"),
        (lambda: archive.text("gone.txt"), "gone.txt: No such file"),
    ):
        with pytest.raises(DatasetError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "start", "words"),
    [
        ("fer2013.csv.gz", gzip.compress(b"emotion,pixels", mtime=0), "packed with gzip"),
        ("fer2013.csv", gzip.compress(b"emotion,pixels", mtime=0), "packed with gzip"),  # renamed
        ("a.bz2", bz2.compress(b"x"), "packed with bzip2"),
        ("a.xz", lzma.compress(b"x"), "packed with xz"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        ("a.rar", b"Rar!\x1a\x07\1\0", "a RAR archive"),
        ("a.zst", b"\x28\xb5\x2f\xfd", "packed with Zstandard"),
        ("a.zip", b"Rar!\x1a\x07\1\0", "a RAR archive"),  # with the wrong name
    ],
)
@pytest.mark.parametrize("reader", ["fer2013", "coco", "dataturks", "folder"])
def test_what_must_be_unpacked(
    name: str, start: bytes, words: str, reader: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(start + bytes(300))
    with pytest.raises(DatasetError, match=f"is {words}: unpack it") as caught:
        open_dataset(tmp_path / name, reader)
    assert "UTF-8" not in str(caught.value)


def test_a_tar_file_must_be_unpacked_too(tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_text("emotion")
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        file.add(tmp_path / "fer2013.csv", "fer2013.csv")
    with pytest.raises(DatasetError, match="is a tar archive: unpack it"):
        open_archive(tmp_path / "a.tar")


def test_an_archive_inside_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "WIDER_train.zip").write_bytes(b"PK")
    with pytest.raises(DatasetError, match=r"WIDER_train\.zip in it may have to be unpacked first"):
        open_dataset(tmp_path, "wider")


def test_pipes_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DatasetError, match="named pipe"):
        open_archive(tmp_path / "a.csv")


def test_a_protected_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of taking a protected folder for an empty one."""
    (tmp_path / "inside").mkdir()
    archive = open_archive(tmp_path)

    def refuse(path: object) -> None:  # for root, nothing is protected
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    for call in (archive.names, lambda: open_archive(tmp_path)):
        with pytest.raises(DatasetError, match=rf"cannot read {tmp_path}: Permission denied"):
            call()
