"""Files are opened without ever waiting, whatever hides behind a name."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from mien.reading import open_file, read_file, unreadable

UNIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes among its files")


def test_regular_files_and_links_to_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        with open_file(tmp_path / name) as file:
            assert file.read() == b"content"
            assert file.seek(2) == 2
        assert read_file(tmp_path / name) == b"content"


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        open_file(tmp_path)
    with pytest.raises(NotADirectoryError):
        (tmp_path / "a").touch()
        open_file(tmp_path / "a" / "b")


def test_a_reason_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        open_file(tmp_path / "none")
    assert unreadable(caught.value, "'a'") == "no file 'a': check the path"
    assert unreadable(caught.value, "'a'", missing="list again") == "no file 'a': list again"
    denied = PermissionError(errno.EACCES, "Permission denied")
    assert unreadable(denied, "'a'", "advice") == (
        "no permission to read 'a': change its permissions"
    )
    for error in (OSError(errno.EIO, "some reason"), OSError("some\nreason")):
        assert unreadable(error, "'a'", "advice") == "cannot read 'a' (some reason): advice"
        assert unreadable(error, "'a'") == "cannot read 'a' (some reason)"


@UNIX
def test_nothing_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    server = socket.socket(socket.AF_UNIX)
    with server:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket must be short
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
        reasons = {"pipe": "named pipe", "link": "named pipe", "zero": "device", "socket": "socket"}
        for name, reason in reasons.items():
            for pipes in (False, True):
                with pytest.raises(OSError, match=f"is a {reason}, not a file") as caught:
                    read_file(tmp_path / name, pipes=pipes)
                assert caught.value.strerror and caught.value.filename == str(tmp_path / name)


@UNIX
def test_pipes_of_the_shell_when_asked_for() -> None:
    read, write = os.pipe()
    try:
        os.write(write, b"typed")
        os.close(write)
        path = Path(f"/dev/fd/{read}")
        with pytest.raises(OSError, match="named pipe"):
            read_file(path)
        assert read_file(path, pipes=True) == b"typed"
    finally:
        os.close(read)


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_names_that_no_file_can_have(name: str) -> None:
    with pytest.raises(OSError, match="name") as caught:
        open_file(Path(name))
    assert caught.value.errno == errno.EINVAL


def test_a_file_above_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", most=5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes") as caught:
        read_file(tmp_path / "a", most=4)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_file_whose_size_is_not_known() -> None:
    path = Path("/proc/self/status")
    assert path.stat().st_size == 0
    assert b"VmRSS" in read_file(path)
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_file(path, most=10)
