from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mien.errors import OutputError
from mien.files import check_writable, write_whole


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"old", b"new"):
        write_whole(path, data)
        assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_reported_and_the_old_file_kept(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    with full_disk(1000), pytest.raises(OutputError, match=r"cannot write '.*file' \(") as caught:
        write_whole(path, bytes(2000))
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_ctrl_c_in_the_middle_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    child = os.fork()
    if not child:
        os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        write_whole(path, b"new" * 100_000)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert path.read_bytes() == b"old"
    write_whole(path, b"next")  # what the kill left behind is no hindrance
    assert path.read_bytes() == b"next"


def test_a_path_that_cannot_be_written_is_reported_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_writable(tmp_path / "file")
    assert not any(tmp_path.iterdir())
    (tmp_path / "file").touch()
    for path, words in (
        (tmp_path / "none" / "file", "there is no folder '.*none'.*make its folder first"),
        (tmp_path / "file" / "file", "there is no folder '.*file'"),
        (tmp_path, "Is a directory.*give a file name"),
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / ("x" * 300) / "file", "File name too long"),
    ):
        with pytest.raises(OutputError, match=words) as caught:
            check_writable(path)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(os, "access", lambda *_: False)  # for root, nothing is protected
    with pytest.raises(OutputError, match=r"Permission denied.*may write to"):
        check_writable(tmp_path / "file")
