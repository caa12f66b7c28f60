from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import pytest

from mien.errors import ConfigError, OutputError
from mien.files import (
    LOCK,
    WholeFile,
    check_writable,
    lock_folder,
    sweep,
    write_whole,
)


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


def test_a_held_folder_names_the_process_and_a_kill_releases_it(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    script = (
        "import sys, time; from pathlib import Path; from mien.files import lock_folder\n"
        "with lock_folder(Path(sys.argv[1]), 'training into'):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        for _ in range(2):
            with (
                pytest.raises(ConfigError, match=f"process {other.pid} is training into"),
                lock_folder(tmp_path, "packing into"),
            ):
                pass
        other.send_signal(signal.SIGKILL)
    with lock_folder(tmp_path, "packing into"):
        assert (tmp_path / LOCK).read_text() == f"process {os.getpid()} is packing into"
    assert not any(tmp_path.iterdir())


def test_a_lock_ends_with_its_block_even_by_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), lock_folder(tmp_path, "packing into"):
            raise KeyboardInterrupt
    assert not any(tmp_path.iterdir())


def test_a_lock_on_a_file_that_its_last_holder_removed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    flock = fcntl.flock

    def removed_before(file: IO[str], how: int) -> None:
        (tmp_path / LOCK).unlink()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", removed_before)
    with (
        pytest.raises(ConfigError, match="another process is writing to"),
        lock_folder(tmp_path, "packing into"),
    ):
        pass


def test_a_file_system_without_locks_is_not_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with lock_folder(tmp_path, "one"), lock_folder(tmp_path, "two"):
        pass


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="cannot write"),
        lock_folder(tmp_path / "nowhere", "packing into"),
    ):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
@pytest.mark.parametrize("kind", ["symbolic", "hard", "pipe"])
def test_a_lock_from_a_stranger_changes_no_other_file(kind: str, tmp_path: Path) -> None:
    """An unpacked run or pack may hold a link of the lock's name to any file."""
    victim, folder = tmp_path / "victim", tmp_path / "run"
    victim.write_bytes(b"mine")
    folder.mkdir()
    if kind == "symbolic":
        (folder / LOCK).symlink_to(victim)
    elif kind == "hard":
        (folder / LOCK).hardlink_to(victim)
    else:
        os.mkfifo(folder / LOCK)
    with pytest.raises(OutputError, match="link, or not a file"), lock_folder(folder, "packing"):
        pass
    assert victim.read_bytes() == b"mine"


def test_a_lock_on_a_full_disk_is_reported_and_removed(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with (
        full_disk(0),
        pytest.raises(OutputError, match=r"cannot write '.*\.lock' \("),
        lock_folder(tmp_path, "packing into"),
    ):
        pass
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
@pytest.mark.parametrize("write", [check_writable, lambda path: write_whole(path, b"data")])
def test_what_is_not_a_file_is_not_replaced_by_one(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    """Root, as in a container, would make a file of ``/dev/null``."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for name in ("pipe", "null", "/dev/null", "/dev/stdout"):
        with pytest.raises(OutputError, match=r"it is a (device|named pipe), not a file"):
            write(tmp_path / name)
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "null").is_symlink()


def leave_partial(folder: Path) -> Path:
    """What a process leaves that is killed while it writes."""
    code = (
        "import os, sys, signal; from pathlib import Path; import mien.files as f\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "f.write_whole(Path(sys.argv[1]) / 'new', b'half')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = folder.glob(".*.tmp")
    return left


def test_what_a_killed_writer_leaves_is_swept_at_the_next_write(tmp_path: Path) -> None:
    left = leave_partial(tmp_path)
    foreign = [tmp_path / name for name in (".abc.tmp", "0123456789ab.tmp", ".0123456789ab.tmp.x")]
    for path in foreign:
        path.touch()
    (tmp_path / ".00000000000a.tmp").mkdir()
    (tmp_path / ".00000000000b.tmp").symlink_to(foreign[0])
    write_whole(tmp_path / "file", b"whole")
    assert not left.exists() and (tmp_path / "file").read_bytes() == b"whole"
    kept = {*foreign, tmp_path / ".00000000000a.tmp", tmp_path / ".00000000000b.tmp"}
    assert {path for path in tmp_path.iterdir() if path.name != "file"} == kept


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
def test_the_file_of_a_living_writer_is_not_swept(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; import mien.files as f\n"
        "def wait(_): print('writing', flush=True); sys.stdin.read()\n"
        "os.fsync = wait\n"
        "f.write_whole(Path(sys.argv[1]) / 'theirs', b'whole')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdin is not None
        other.stdout.readline()
        sweep(tmp_path)
        assert len(list(tmp_path.glob(".*.tmp"))) == 1
        other.stdin.close()
    assert other.returncode == 0
    assert (tmp_path / "theirs").read_bytes() == b"whole"


def test_a_whole_file_takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    with WholeFile(path) as whole:
        whole.file.write(b"half")
        assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"] and path.read_text() == "old"
    with WholeFile(path) as whole:
        whole.file.write(b"new")
        whole.finish()
    assert [p.name for p in tmp_path.iterdir()] == ["f"] and path.read_text() == "new"


def test_a_whole_file_may_have_a_suffix_on_its_way(tmp_path: Path) -> None:
    """Libraries that write into a file by its name go by its suffix."""
    with WholeFile(tmp_path / "a.mp4", ".mp4") as whole:
        assert whole.partial.suffix == ".mp4" and whole.partial.parent == tmp_path
        whole.partial.write_bytes(b"by name")
        whole.finish()
        with pytest.raises(ValueError, match="finished"):
            _ = whole.partial
    assert (tmp_path / "a.mp4").read_bytes() == b"by name"
    left = tmp_path / ".0123456789ab.tmp.mp4"
    left.write_bytes(b"of a killed writer")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
