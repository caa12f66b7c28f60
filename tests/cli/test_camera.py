"""``mien camera``, with a network camera on loopback that shows a real face."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from mien.media.camera import reader
from mien.media.camera.reader import Camera
from mien.media.video.reader import Frame
from tests.support.camera_server import FaultyCamera, faulty_camera
from tests.support.clips import face
from tests.support.commands import mien

Capture = pytest.CaptureFixture[str]

MIEN = [sys.executable, "-m", "mien"]
PATIENCE = 60.0  # seconds


@pytest.fixture
def server() -> Iterator[FaultyCamera]:
    with faulty_camera(rate=20, picture=face(), password="anna:s3cret") as server:
        yield server


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every camera ends after five frames, however long they take."""
    frames = Camera.__iter__

    def some(self: Camera) -> Iterator[Frame]:
        return islice(frames(self), 5)

    monkeypatch.setattr(Camera, "__iter__", some)
    monkeypatch.setattr(reader, "FIRST_RETRY_S", 0.02)


def address(server: FaultyCamera) -> str:
    return server.url.replace("://", "://anna:s3cret@")


def shown(server: FaultyCamera) -> str:
    return server.url.replace("://", "://***@")


@pytest.mark.usefixtures("few")
def test_rows_have_times_and_persons(server: FaultyCamera, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out.csv"
    assert mien("camera", address(server), "-o", out) == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert len(rows) == 5
    assert {row["source"] for row in rows} == {shown(server)}
    assert {(row["expression"], row["track_id"]) for row in rows} == {("happiness", "1")}
    times = [float(row["time_s"]) for row in rows]
    assert times[0] == 0 and times == sorted(set(times))
    indices = [int(row["frame_index"]) for row in rows]
    assert indices == sorted(set(indices))
    lines, said = capsys.readouterr()
    first = lines.splitlines()[0]
    assert first.startswith("0:00.0  ") and ": 1 happiness 9" in first
    assert said.startswith(f"mien: {shown(server)}: connected, 200×200\n5 frames, 5 faces, ")
    dropped = indices[-1] + 1 - 5
    assert said.endswith(f" {dropped} dropped; rows in {out}\n")


@pytest.mark.usefixtures("few")
def test_rows_in_a_pipe_take_the_place_of_the_view(server: FaultyCamera, capsys: Capture) -> None:
    assert mien("camera", address(server), "-f", "jsonl", "-q", "--no-track") == 0
    lines, said = capsys.readouterr()
    results = [json.loads(line) for line in lines.splitlines()]
    assert [result["faces"][0]["expression"] for result in results] == ["happiness"] * 5
    assert "track_id" not in results[0]["faces"][0]
    assert said == ""


@pytest.mark.parametrize("options", [
    ("-o", "out.json"), ("-o", "out.parquet"), ("-o", "out"), ("--for", "0"),
    ("--smooth", "1", "--no-track"),
])  # fmt: skip
def test_usage(
    options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mien("camera", "0", *options) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_is_no_camera_is_named_without_its_password(capsys: Capture) -> None:
    assert mien("camera", "ftp://anna:s3cret@host/") == 2
    said = capsys.readouterr().err
    assert said.startswith("mien: 'ftp://***@host/' is not a camera: ") and "s3cret" not in said


def test_no_frame_is_a_failure(server: FaultyCamera, capsys: Capture) -> None:
    server.mode = "404"
    assert mien("camera", address(server), "--for", "0.1", "--detector", "none") == 1
    said = capsys.readouterr().err
    last = said.splitlines()[-1]
    assert last == f"mien: no frame came from {shown(server)} in 0.1 s: check the camera"
    assert "s3cret" not in said


@pytest.mark.parametrize(("number", "status"), [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9),
])  # fmt: skip
def test_rows_are_whole_however_it_ends(
    server: FaultyCamera, tmp_path: Path, number: int, status: int
) -> None:
    out = tmp_path / "out.jsonl"
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from mien.__main__ import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "camera", address(server), "-o", out],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not (out.exists() and out.read_text().count("\n") > 2):
            assert time.monotonic() < end
            time.sleep(0.02)
        child.send_signal(number)
        said = child.communicate(timeout=PATIENCE)[1]
    assert child.returncode == status
    assert "s3cret" not in said
    if number != signal.SIGKILL:
        assert said.endswith(f"dropped; rows in {out}\nmien: stopped\n")
    text = out.read_text()
    assert text.endswith("\n")
    assert all(json.loads(line)["source"] == shown(server) for line in text.splitlines())
    while server.serving:  # the reading process ends too
        assert time.monotonic() < end + PATIENCE
        time.sleep(0.05)


def test_the_view_on_a_terminal(server: FaultyCamera) -> None:
    """Bars, then the loss of the connection, until Ctrl-C."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "20"}
        os.execve(sys.executable, [*MIEN, "camera", address(server)], environment)
    seen = ""
    for wanted, mode in (
        ("frames a second", "cut"),
        ("not connected", "serve"),
        ("connected again", ""),
    ):
        end = time.monotonic() + PATIENCE
        while wanted not in seen:
            assert time.monotonic() < end, seen
            seen += os.read(terminal, 65536).decode(errors="ignore")
        server.mode = mode
    os.write(terminal, b"\x03")
    try:
        while data := os.read(terminal, 65536):
            seen += data.decode(errors="ignore")
    except OSError:  # the other end has closed
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    os.close(terminal)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", seen)
    assert f"connected  {shown(server)}" in bare and "  200×200  " in bare
    assert "happiness" in seen and "███" in seen
    assert "\x1b[2Kmien: " in seen  # events are above the view, on lines of their own
    assert "s3cret" not in seen and "Traceback" not in seen
    assert seen.rstrip().endswith("mien: stopped")
    assert "\x1b[?25h" in seen  # the cursor is back
