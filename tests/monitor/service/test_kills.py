"""``mien monitor run`` killed at random moments, started again, and stopped by a signal."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.log.opening import create_log, open_log
from mien.log.persons import add_person, give_consent
from mien.log.verifying import verify
from tests.support import clips
from tests.support.camera_server import FaultyCamera, faulty_camera
from tests.support.logs import rows
from tests.support.receivers import http_server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills")
Received = list[tuple[dict[str, str], bytes]]


class Place:
    """A log, a configuration, and rules that open one after the other while the disk is too full,
    which it always is here."""

    def __init__(self, folder: Path, hook: str, camera: FaultyCamera, rules: int, apart_s: float):
        self.folder, self.log = folder, folder / "log.db"
        self.beat = folder / "beat.json"
        with create_log(self.log, window_s=1) as log:
            add_person(log, "anna")
            give_consent(log, "anna", "anna", "a test")
        (folder / "secret").write_text("a secret of the ward\n")
        rule = (
            "[[rule]]\nname = 'full {n}'\nkind = 'technical'\nwhat = 'disk'\nfree = 1.0\n"
            "urgent = true\nminimum_h = {after}\n"
        )
        (folder / "rules.toml").write_text(
            "[delivery]\nquiet = ''\ngroup = false\ndaily_budget = 1000\n"
            + "".join(rule.format(n=n, after=f"{n * apart_s / 3600:.6f}") for n in range(rules))
            + f"[[target]]\nname = 'ward'\nkind = 'webhook'\nurl = '{hook}'\n"
            f"secret_file = '{folder / 'secret'}'\n"
        )
        (folder / "c.toml").write_text(
            f"[monitor]\nrules = '{folder / 'rules.toml'}'\ncheck_minutes = 0.01\n"
            f"check_at = '00:00'\nheartbeat = '{self.beat}'\n"
            f"[[source]]\nname = 'kitchen'\ncamera = '{camera.url}'\npersons = ['anna']\nfps = 5\n"
        )

    def start(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-m", "mien", "monitor", "run", self.folder / "c.toml",
            "--log", self.log, "--detector", "none", "--threads", "1",
        ]  # fmt: skip
        return subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE)

    def stored(self) -> list[tuple[object, ...]]:
        """Whole windows, and every alert and message; the log is checked."""
        with open_log(self.log) as log:
            assert verify(log).problems == ()
            seen = rows(log, "observations")
            return [(row["start_ms"], row["session_id"], row["watched_s"]) for row in seen]

    def until_it_beats(self, process: subprocess.Popen[bytes]) -> None:
        self.beat.unlink(missing_ok=True)
        end = time.monotonic() + 60
        while not self.beat.exists():
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.02)


@contextmanager
def place(folder: Path, rules: int, apart_s: float) -> Iterator[tuple[Place, Received]]:
    with (
        faulty_camera(picture=clips.face(), rate=5) as camera,
        http_server(lambda headers, body: 200) as (address, received),
    ):
        yield Place(folder, address, camera, rules, apart_s), received


def check_messages(received: Received, at: Place, rules: int) -> None:
    """Each rule warned once. One that was sent again, after a kill just then, has the same id."""
    ids: dict[str, set[str]] = {}
    for _, body in received:
        message = json.loads(body)
        (alert,) = message["alerts"]
        ids.setdefault(alert["rule"], set()).add(message["id"])
    assert {rule: len(found) for rule, found in ids.items()} == {
        f"full {n}": 1 for n in range(rules)
    }
    with open_log(at.log) as log:
        assert sorted(str(row["rule"]) for row in rows(log, "alerts")) == sorted(ids)


def kill_again_and_again(
    folder: Path, kills: int, longest_s: float, rules: int, last: signal.Signals
) -> None:
    chance, whole = random.Random(1), []
    with place(folder, rules, 0.8 * longest_s * kills / rules) as (at, received):
        for _ in range(kills):
            process = at.start()
            try:
                if chance.random() < 0.8:
                    at.until_it_beats(process)
                    time.sleep(chance.uniform(0, longest_s))
                else:
                    time.sleep(chance.uniform(0, 1.5))
            finally:
                process.kill()
                process.communicate()
            found = at.stored()
            assert found[: len(whole)] == whole
            whole = found
        process = at.start()
        at.until_it_beats(process)
        end = time.monotonic() + 60
        while time.monotonic() < end and not (
            len({body for _, body in received}) == rules and len(at.stored()) > len(whole)
        ):
            time.sleep(0.5)
        process.send_signal(last)
        _, error = process.communicate(timeout=30)
        assert process.returncode == 128 + last, error
        lines = error.decode().splitlines()
        assert lines[-1] == "mien: stopped" and all(line.startswith("mien: ") for line in lines)
        assert json.loads(at.beat.read_text())["running"] is False
        with open_log(at.log) as log:
            assert rows(log, "sessions")[-1]["end_ms"] is not None
        found = at.stored()
        assert found[: len(whole)] == whole and len(found) > len(whole)
        check_messages(received, at, rules)


def test_killed_and_started_again(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 1, 1.5, 2, signal.SIGINT)


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 100, 4.0, 60, signal.SIGTERM)
