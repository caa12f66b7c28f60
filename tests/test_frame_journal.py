"""How a run goes on after a kill is tested in ``cli/video/test_resume.py``."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from mien.errors import ConfigError, OutputError
from mien.face_reading import Answer
from mien.frame_journal import (
    FrameJournal,
    KnownFrame,
    identity,
    journal_beside,
    place_for_journal,
)
from mien.types import Box, Face

REQUEST = {"fps": 5, "model": ("a", "b")}


def frame(index: int) -> KnownFrame:
    """Numbers that need all their digits."""
    face = Face(Box(0.1, 1 / 3, math.pi, 1e6 / 7), 0.1 + 0.2, ((1 / 7, 2.0),) * 5, None, 3, True)
    probs = tuple(np.float32([0.1, 0.9]).tolist())
    return KnownFrame(
        index, bool(index % 2), [face, Face(Box(0, 0, 1, 1))], [Answer(probs, None, -1 / 3, True)]
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of two frames of the first video and one of the second."""
    with FrameJournal(tmp_path / "j", REQUEST) as journal:
        assert not journal.found
        journal.add(1, [frame(0), frame(4)])
        journal.add(2, [frame(0)])
    return tmp_path / "j"


def test_frames_come_back_to_the_last_bit_and_more_can_follow(path: Path) -> None:
    with FrameJournal(path, REQUEST, resume=True) as journal:
        assert journal.found
        assert [journal.recall(*at) for at in ((1, 0), (1, 4), (2, 0))] == [
            frame(0), frame(4), frame(0),
        ]  # fmt: skip
        assert journal.recall(2, 3) is None
        journal.add(2, [frame(3)])
    with FrameJournal(path, REQUEST, resume=True) as journal:
        for at in ((1, 0), (1, 4), (2, 0)):
            journal.recall(*at)
        assert journal.recall(2, 3) == frame(3)
        journal.finish()
    assert not path.exists()


def test_without_resume_it_is_forgotten(path: Path) -> None:
    with FrameJournal(path, REQUEST) as journal:
        assert journal.found and journal.recall(1, 0) is None
        journal.add(1, [frame(7)])
    with FrameJournal(path, REQUEST, resume=True) as journal:
        assert journal.recall(1, 7) == frame(7)


def test_a_torn_line_does_not_count(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])
    with FrameJournal(path, REQUEST, resume=True) as journal:
        assert journal.recall(1, 0) and journal.recall(1, 4) and journal.recall(2, 0) is None


def test_an_empty_one_is_removed(tmp_path: Path) -> None:
    with FrameJournal(tmp_path / "j", REQUEST):
        assert (tmp_path / "j").exists()
    assert not (tmp_path / "j").exists()


def test_another_request_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fps was 5 and is 6\): give the same command"):
        FrameJournal(path, {**REQUEST, "fps": 6}, resume=True)
    with pytest.raises(ConfigError, match="every was not given and is 2"):
        FrameJournal(path, {**REQUEST, "every": 2}, resume=True)


def test_other_frames_are_refused(path: Path) -> None:
    with (
        FrameJournal(path, REQUEST, resume=True) as journal,
        pytest.raises(ConfigError, match="others than those of the video"),
    ):
        journal.recall(1, 3)


@pytest.mark.parametrize(
    "line",
    ["7", "[1]", "[1, [[0, true]]]", '[1, [[-1, true, [], []]]]', '[1, [[0, true, [[1]], []]]]',
     '[1, [[0, true, [[1, 2, 3, "x", 1, null, 0, false]], []]]]',
     '[1, [[0, true, [[1, 2, 3, 4, 1, [[1, 2]], 0, false]], []]]]',
     '[1, [[0, true, [], [[["x"], null, null, false]]]]]', "{", "[NaN, []]"],
)  # fmt: skip
def test_a_damaged_one_is_one_error(path: Path, line: str) -> None:
    head = path.read_text().splitlines()[0]
    path.write_text(f"{head}\n{line}\n")
    with (
        FrameJournal(path, REQUEST, resume=True) as journal,
        pytest.raises(ConfigError, match="it is damaged"),
    ):
        journal.recall(1, 0)


def test_one_process_at_a_time_and_no_link(path: Path) -> None:
    pytest.importorskip("fcntl", reason="the system has no locks")
    with FrameJournal(path, REQUEST), pytest.raises(OutputError, match="another process"):
        FrameJournal(path, REQUEST)
    (path.parent / "link").symlink_to(path)
    with pytest.raises(OutputError, match="a link"):
        FrameJournal(path.parent / "link", REQUEST)


def test_files_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v.mp4").write_bytes(b"1")
    Path("m.onnx").write_bytes(b"1")
    request = {"detector_option": ("model=m.onnx",)}
    with journal_beside("r.csv", ["v.mp4"], request, resume=False) as journal:
        journal.add(1, [frame(0)])
    header = json.loads(Path("r.csv.journal").read_text().splitlines()[0])
    assert header["request"]["source"] == [["v.mp4", identity("v.mp4")]]
    with journal_beside("r.csv", ["v.mp4"], request, resume=True):
        pass
    Path("m.onnx").write_bytes(b"12")
    with pytest.raises(ConfigError, match="file was "):
        journal_beside("r.csv", ["v.mp4"], request, resume=True)


def test_a_folder_of_pictures_has_an_identity(tmp_path: Path) -> None:
    assert identity(str(tmp_path / "none")) is None
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(bytes(number))
    count, size, _ = whole = identity(str(tmp_path))
    assert (count, size) == (3, 3) and identity(str(tmp_path / "%d.png")) == whole


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_there_is_no_place_beside_pipes_and_in_missing_folders(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "old.csv").touch()
    others = [os.devnull, str(tmp_path / "pipe"), str(tmp_path / "missing" / "a.csv")]
    assert place_for_journal(others) is None
    for name in ("new.csv", "old.csv"):
        assert place_for_journal([*others, str(tmp_path / name)]) == str(tmp_path / name)
