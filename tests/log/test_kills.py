"""``mien log record`` killed at random moments, on a full disk, and with others at work."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mien.errors import MienError, OutputError
from mien.log.database import Log
from mien.log.opening import open_log
from mien.log.verifying import verify
from tests.log.conftest import enrol
from tests.support import clips
from tests.support.logs import START_MS, frames, record, rows

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills and forks")
SECONDS = 200  # of the clip: 21 windows


def run_record(log: Path, clip: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "mien", "log", "record", clip, "--log", log, "--person", "anna",
        "--start", "2026-11-01T10:00:05+00:00", "--threads", "1", "-q",
    ]  # fmt: skip
    return subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE)


def stored(path: Path) -> list[tuple[object, ...]]:
    with open_log(path) as log:
        assert verify(log).problems == ()
        keys = ("start_ms", "watched_s", "seen_s", "usable_s")
        return [tuple(row[key] for key in keys) for row in rows(log, "observations")]


def kill_again_and_again(path: Path, tmp_path: Path, kills: int, seed: int) -> None:
    """Every row that was whole stays, and in the end all are there, each once."""
    moving = [clips.face(2 * (number % 30)) for number in range(SECONDS)]
    clip = clips.write_frames(tmp_path / "clip.avi", moving, rate=1)
    chance, whole, killed, took = random.Random(seed), [], 0, 0.0
    while killed < kills:
        began = time.monotonic()
        process = run_record(path, clip)
        if not took:  # the first one ends by itself, and is the measure
            reference = Path(shutil.copy(path, tmp_path / "reference.db"))
            process.kill()
            process.communicate()
            process = run_record(reference, clip)
            _, error = process.communicate()
            assert process.returncode == 0, error
            took = time.monotonic() - began
            expected = stored(reference)
            assert len(expected) == SECONDS // 10 + 1
            continue
        try:
            process.communicate(timeout=chance.uniform(0.3 * took, took))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        killed += 1
        found = stored(path)
        assert found[: len(whole)] == whole
        whole = found
        if process.returncode in (0, 1) and killed < kills:  # it was done: begin anew
            assert found == expected
            path.unlink()
            with_new_log(path)
            whole = []
    process = run_record(path, clip)
    process.communicate()
    assert stored(path) == expected


def with_new_log(path: Path) -> None:
    from mien.log.opening import create_log

    with create_log(path, keep_days={"observations": None, "hours": None}) as log:
        enrol(log)


@pytest.mark.slow
def test_kills_at_random_moments_lose_no_whole_row(path: Path, tmp_path: Path) -> None:
    kill_again_and_again(path, tmp_path, 100, seed=1)


def test_a_kill_in_the_middle_of_a_transaction_leaves_it_out(path: Path) -> None:
    """Killed between the statements of a window, where a random moment seldom is."""
    for number, moment in enumerate(("insert", "hours", "commit")):
        child = os.fork()
        if not child:
            die(path, moment, START_MS + number * 100_000)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        found = stored(path)
        assert len(found) == 2 * (number + 1), moment
        assert {row[1] for row in found} == {10}


def die(path: Path, moment: str, start_ms: int) -> None:
    """Record two windows, and be killed while the third is stored."""
    from sqlalchemy import event

    def third(of: str) -> None:
        count[of] += 1
        if of == moment and count[of] == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    count = {"insert": 0, "hours": 0, "commit": 0}
    with open_log(path) as log:

        @event.listens_for(log.engine, "before_cursor_execute")
        def statement(_: object, __: object, text: str, *___: object) -> None:
            if text.startswith("INSERT INTO observations"):
                third("insert")
            if text.startswith("INSERT INTO hours"):
                third("hours")

        @event.listens_for(log.engine, "commit")
        def commit(_: object) -> None:
            if count["hours"] == 3:
                count["commit"] = 2
                third("commit")

        record(log, frames(35, rate=2), start_ms=start_ms)


def test_a_full_disk_is_one_line_and_what_was_stored_stays(path: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=800k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        log_path = Path(shutil.copy(path, disk / "log.db"))
        with open_log(log_path) as log:
            record(log, frames(30, rate=2))
            room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            (disk / "ballast").write_bytes(bytes(max(0, room - 20_000)))
            with pytest.raises(OutputError, match=r"free some space|check the disk") as error:
                for number in range(1, 50):
                    record(log, frames(60, rate=2), start_ms=START_MS + number * 100_000)
            assert "\n" not in str(error.value)
            (disk / "ballast").unlink()
            assert verify(log).problems == ()
        found = stored(log_path)
        assert found[:3] == [(START_MS + n * 10_000, 10.0, 10.0, 10.0) for n in range(3)]
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def write_many(target: str, person: str, start: int) -> None:
    with open_log(target) as log:
        for number in range(8):
            span = {"start_ms": START_MS + start + number * 50_000, "persons": {person: None}}
            record(log, frames(20, rate=1), **span)


def test_two_writers_and_ten_readers(path: Path) -> None:
    """Each on its own connection; a session of two windows is not half there for long."""
    context = multiprocessing.get_context("fork")
    jobs = [(write_many, (str(path), name, 10_000 * n)) for n, name in enumerate(("anna", "ben"))]
    readers = [context.Process(target=read_some, args=(str(path),)) for _ in range(10)]
    writers = [context.Process(target=job, args=arguments) for job, arguments in jobs]
    for process in (*writers, *readers):
        process.start()
    for process in (*writers, *readers):
        process.join(120)
    assert [process.exitcode for process in (*writers, *readers)] == [0] * 12
    found = stored(path)
    assert len(found) == 2 * 8 * 2


def read_some(target: str) -> None:
    from mien.log import queries

    with open_log(target) as log:
        for _ in range(5):
            seen = queries.observations(log, "anna", 0, START_MS * 2)
            days = queries.days(log, "anna")
            # Hours and observations change together: later hours hold at least what was seen.
            assert sum(days.seconds["watched_s"]) >= sum(seen.seconds["watched_s"]) - 1e-6


def test_a_writer_that_waits_too_long_says_so(
    path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.log.sqlite.BUSY_S", 0.05)
    with open_log(path) as other, log.write(), pytest.raises(MienError, match="another process"):
        record(other, frames(1))


def test_a_log_that_is_open_twice_keeps_its_locks(path: Path, log: Log) -> None:
    """POSIX drops them when a process closes any file of that name, here the one that is checked.
    The last of the other processes would then remove the write-ahead log."""
    record(log, frames(10))
    with open_log(path):
        assert count(path) == 1
        record(log, frames(10), start_ms=START_MS + 100_000)
        assert count(path) == 2
    record(log, frames(10), start_ms=START_MS + 200_000)
    assert count(path) == 3


def count(path: Path) -> int:
    """The observations that another process sees."""
    code = (
        "import sqlite3, sys; found = sqlite3.connect(sys.argv[1]); "
        "print(found.execute('SELECT count(*) FROM observations').fetchone()[0]); found.close()"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True)
    return int(done.stdout)
