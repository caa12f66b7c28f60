from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from mien.datasets.files import zips
from mien.datasets.files.limits import LIMIT
from mien.datasets.files.zips import Zip
from mien.errors import ConfigError, DatasetError
from tests.support.zips import change, write_zip

GOOD = b"some text that is in every member " * 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_zip(tmp_path / "a.zip", {"bad.jpg": GOOD, "good.jpg": GOOD[:50]})


def fails(path: Path, words: str, name: str = "bad.jpg") -> None:
    """The member cannot be read in either way, and the others can."""
    archive = Zip(path)
    with pytest.raises(DatasetError, match=words) as caught:
        archive.read(name)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    with pytest.raises((DatasetError, OSError), match=words), archive.text(name) as file:
        file.read()
    assert archive.read("good.jpg") == GOOD[:50]


def test_a_member_that_is_missing(path: Path) -> None:
    assert not Zip(path).holds("gone.jpg") and Zip(path).holds("good.jpg")
    fails(path, "gone.jpg cannot be read: the zip has no such member", "gone.jpg")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("flags", 1, "it is encrypted: unpack the zip"),
        ("method", 99, "compression method is not supported"),
        ("method", 12, "Invalid data stream"),  # bzip2, which it is not
        ("method", 14, "Bad CRC-32"),  # LZMA
        ("crc", 1, "Bad CRC-32"),
        ("size", len(GOOD) - 1, "Bad CRC-32"),
        ("size", len(GOOD) + 1, "it ends 1 bytes early"),
        ("packed", 3, "it ends|Bad CRC"),
    ],
)
def test_damaged_members(field: str, value: int, words: str, path: Path) -> None:
    fails(change(path, field, value), words)


def test_a_zip_without_its_end(path: Path) -> None:
    data = path.read_bytes()
    for length in (len(data) - 5, len(data) // 2):
        path.write_bytes(data[:length])
        with pytest.raises(DatasetError, match="cannot be read as a zip"):
            Zip(path)


def test_damage_anywhere_is_one_line(path: Path) -> None:
    """Every byte of the file but the members' own is changed in turn."""
    data = path.read_bytes()
    for at in range(0, len(data), 3):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x81]) + data[at + 1 :])
        try:
            archive = Zip(path)
            for name in archive.names():
                archive.read(name)
        except DatasetError as error:
            assert "\n" not in str(error)


def test_folders_duplicates_and_backslashes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.jpg/", b"")  # a folder that is named like a picture
        file.writestr("b.jpg", b"old")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("b.jpg", b"new")
        file.writestr("c\\d.jpg", b"windows")
    archive = Zip(tmp_path / "a.zip")
    assert archive.names() == ["b.jpg", "c/d.jpg"]
    assert archive.read("b.jpg") == b"new"  # as when it is unpacked
    assert archive.read("c/d.jpg") == b"windows"
    with pytest.raises(DatasetError, match="no such member"):
        archive.read("a.jpg")


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_what_fills_memory_is_refused_before_it_is_read(
    method: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"bad.jpg": bytes(8 << 20), "good.jpg": GOOD[:50]}
    path = write_zip(tmp_path / "a.zip", files, method)
    if method != zipfile.ZIP_STORED:
        monkeypatch.setattr(zips, "FREE_BYTES", 1 << 20)
        fails(path, r"it grows [\d,]+ times to 8,388,608 bytes when it is unpacked: .*" + LIMIT)
    monkeypatch.setenv(LIMIT, "8388607")
    fails(path, f"8,388,608 bytes, above the limit of 8,388,607: {LIMIT}")
    monkeypatch.setenv(LIMIT, "8388608")
    assert Zip(path).read("bad.jpg") == files["bad.jpg"]
    with Zip(path).text("bad.jpg") as file:
        assert len(file.read()) == 8 << 20


def test_a_size_that_lies_costs_no_memory(tmp_path: Path) -> None:
    files = {"bad.jpg": bytes(40 << 20), "good.jpg": GOOD[:50]}
    archive = Zip(change(write_zip(tmp_path / "a.zip", files), "size", 1000))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match="Bad CRC-32"):
            archive.read("bad.jpg")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", ["0", "-1", "much", "1e9", "9" * 30])
def test_a_limit_that_is_none(value: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT, value)
    with pytest.raises(ConfigError, match=f"{LIMIT} is .*: give a positive whole number"):
        Zip(path).read("good.jpg")
