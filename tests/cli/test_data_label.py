"""``mien data label``: the process with its page, and the comparison of raters."""

from __future__ import annotations

import csv
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.labelling.test_ratings import write
from tests.support.commands import mien
from tests.support.labelling import write_faces

Output = pytest.CaptureFixture[str]


class Process:
    """``mien data label`` as a user starts it."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "mien", "data", "label", *map(str, arguments)]
        self.child = subprocess.Popen(
            [*command, "--no-browser", "--model", "none"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        assert self.child.stdout is not None
        self.head = ""
        while not (found := re.search(r"http://\S+", self.head)):
            line = self.child.stdout.readline()
            assert line, self.child.communicate()
            self.head += line
        self.url = urlsplit(found[0])

    def answer(self, number: int, label: str) -> int:
        connection = http.client.HTTPConnection(self.url.netloc, timeout=20)
        values = {"number": number, "revision": 0, "kind": "labelled", "label": label, "seconds": 1}
        headers = {"Origin": f"http://{self.url.netloc}", "Content-Type": "application/json"}
        connection.request("POST", f"{self.url.path}api/answer", json.dumps(values), headers)
        return connection.getresponse().status

    def end(self, number: int) -> tuple[int, str, str]:
        self.child.send_signal(number)
        out, error = self.child.communicate(timeout=60)
        return self.child.returncode, out, error


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_kill_loses_nothing_and_the_same_command_goes_on(tmp_path: Path, capsys: Output) -> None:
    folder = write_faces(tmp_path, 4)
    first = Process(folder, "--rater", "anna")
    assert first.head.startswith("0 of 4 faces are answered.\n")
    assert first.answer(0, "fear") == first.answer(1, "anger") == 200
    assert mien("data", "label", folder, "--rater", "anna", "--no-browser") == 2
    assert "another process is labelling into" in capsys.readouterr().err
    first.end(signal.SIGKILL)
    assert [row["label"] for row in rows(folder / "labels.anna.csv")] == ["fear", "anger"]
    second = Process(folder, "--rater", "anna")
    assert second.head.startswith("2 of 4 faces are answered.\n")
    assert second.url.path != first.url.path
    assert second.answer(2, "surprise") == 200
    status, out, error = second.end(signal.SIGINT)
    assert (status, error) == (130, "mien: stopped\n")
    assert out.endswith(f"3 of 4 faces are answered: {folder / 'labels.anna.csv'}\n")
    assert len(rows(folder / "labels.anna.csv")) == 3


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The servers that commands of this process start; each ends at once."""
    found: list[Any] = []
    monkeypatch.setattr(
        "mien.labelling.server.LabelServer.serve_forever", lambda server, **_: found.append(server)
    )
    return found


def test_orders_of_raters(tmp_path: Path, served: list[Any], capsys: Output) -> None:
    folder = write_faces(tmp_path, 20)
    for arguments in (
        ("--rater", "a"),
        ("--rater", "b"),
        ("--rater", "a", "--seed", "1"),
        ("--rater", "a", "--shared-order"),
        ("--rater", "b", "--shared-order"),
    ):
        assert mien("data", "label", folder, "--no-browser", *arguments) == 0
    orders = [server.session.order for server in served]
    assert len(set(orders)) == 4 and orders[3] == orders[4]
    assert f"The page: {served[0].url}" in capsys.readouterr().out


def test_the_browser_is_opened(
    tmp_path: Path, served: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("mien.web.browser.open_browser", opened.append)
    assert mien("data", "label", write_faces(tmp_path, 2)) == 0
    assert opened == [served[0].url]
    assert mien("data", "label", tmp_path, "--no-browser") == 0 and len(opened) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--agreement", "--rater", "a"), "--rater is for labelling, not for --agreement"),
        (("--merged", "m.csv"), "--merged needs --agreement"),
        (("--json",), "--json needs --agreement"),
        (("--labels", "a"), "give 2 to 10"),
        (("--rater", "../a"), "letters, digits"),
        (("--port", "70000"), "Invalid value for '--port'"),
        (("--out", "{folder}/notes.txt"), "is not a file of answers"),
        (("--agreement",), "holds no answers"),
    ],
)
def test_usage_errors(
    tmp_path: Path, arguments: tuple[str, ...], error: str, capsys: Output
) -> None:
    folder = write_faces(tmp_path, 1)
    (folder / "notes.txt").write_text("precious")
    assert mien("data", "label", folder, *(a.format(folder=folder) for a in arguments)) == 2
    shown = capsys.readouterr()
    assert error in shown.err and shown.err.count("\n") == 1 and not shown.out
    assert (folder / "notes.txt").read_text() == "precious"


def test_an_empty_folder(tmp_path: Path, capsys: Output) -> None:
    assert mien("data", "label", tmp_path, "--no-browser") == 1
    assert "holds no pictures to label" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    for number in range(4):
        write_faces(tmp_path / "made", 1)
        shutil.move(tmp_path / "made" / "visit0" / "00.png", tmp_path / f"{number}.png")
    shutil.rmtree(tmp_path / "made")
    write(tmp_path, "anna", "hhap", seconds=2.0)
    write(tmp_path, "ben", "hhpx", suggestion_shown="before")
    return tmp_path


def test_agreement_as_text(labelled: Path, capsys: Output) -> None:
    assert mien("data", "label", labelled, "--agreement", "--merged", labelled / "m.csv") == 0
    out = capsys.readouterr().out
    assert re.search(r"anna +4 +0 +0 +0 +0 +2\.0\n", out)
    assert re.search(r"ben +3 +0 +1 +4 ", out)
    assert re.search(r"anna, ben +3 +66\.7% +0\.400\n", out)
    assert "Gwet's formula" in out and "2 of them without dissent" in out
    assert "warning: answers after a suggestion" in out
    assert f"{labelled / 'm.csv'}: 2 faces (happiness 2)\nleft out 2 without a majority\n" in out
    assert [row["path"] for row in rows(labelled / "m.csv")] == ["0.png", "1.png"]


def test_agreement_as_json(labelled: Path, capsys: Output) -> None:
    moved = labelled / "ben's.csv"
    (labelled / "labels.ben.csv").rename(moved)
    arguments = ("--ratings", labelled / "labels.anna.csv", "--ratings", moved)
    assert mien("data", "label", labelled, "--agreement", "--json", *arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pairs"][0]["kappa"] == pytest.approx(0.4)  # chance: 2/3 × 2/3
    assert "merged" not in found
    assert mien("data", "label", labelled, "--agreement", "--json", "--merged", labelled / "m") == 0
    assert json.loads(capsys.readouterr().out)["merged"]["written"] == 4  # of anna alone


def test_one_rater(labelled: Path, capsys: Output) -> None:
    (labelled / "labels.ben.csv").unlink()
    assert mien("data", "label", labelled, "--agreement") == 0
    assert capsys.readouterr().out.endswith("One rater only: agreement takes two.\n")


@pytest.mark.parametrize("name", ["labels.anna.csv", "faces.csv", "0.png"])
def test_merged_labels_overwrite_no_input(labelled: Path, name: str, capsys: Output) -> None:
    (labelled / "faces.csv").write_text("path,label\n0.png,fear\n")
    before = (labelled / name).read_bytes()
    assert mien("data", "label", labelled, "--agreement", "--merged", labelled / name) == 1
    assert "cannot write" in capsys.readouterr().err and (labelled / name).read_bytes() == before
