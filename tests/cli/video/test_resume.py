"""A run that was killed at any moment goes on, and gives the same bytes as one that was not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mien import frame_journal
from mien.detectors.yunet.detector import YuNet
from tests.kill.run import Ended, Kill, random_kill, run
from tests.support import clips
from tests.support.commands import mien

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every frame that is classified is on the disk at once."""
    monkeypatch.setattr(frame_journal, "_EVERY_S", 0.0)


def outputs(out: Path) -> list[object]:
    """Options for as many outputs as this installation has."""
    rows = "r.parquet" if find_spec("pyarrow") else "r.csv"
    page = (
        ["--summary", out / "page.html"] if find_spec("jinja2") and find_spec("matplotlib") else []
    )
    drawn = ["--draw", out / "drawn.mp4"] if find_spec("av") else []
    return ["--output", out / rows, *page, *drawn]


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def preload() -> None:
    """Import what every run of this test needs, so that its forks do not."""
    for name in ("av", "matplotlib.pyplot", "pyarrow.parquet", "jinja2", "mien.pipeline"):
        with suppress(ImportError):
            import_module(name)


def check(command: list[object], out: Path, kills: Iterator[list[Kill]], reference: Ended) -> None:
    """For each of ``kills``, run ``command``, kill it so often in a row, then let it end."""
    expected = contents(out)
    known = 0
    for in_a_row in kills:
        shutil.rmtree(out)
        out.mkdir()
        arguments = command
        for kill in in_a_row:
            assert run(arguments, out, kill=kill).status in (-9, reference.status)
            arguments = [*command, "--resume"]
        known += any(path.suffix == ".journal" for path in out.iterdir())
        ended = run(arguments, out)
        assert ended.status == reference.status, ended.log
        assert contents(out) == expected
    assert known, "no kill came while there was a journal"


def test_two_kills(tmp_path: Path) -> None:
    preload()
    clip = clips.write_face(tmp_path / "face.avi", frames=36, empty=[12])
    out = tmp_path / "out"
    out.mkdir()
    command = ["video", clip, *outputs(out), "--detect-every", 3, "--threads", 1]
    command += ["--classify-every", 0.3]
    reference = run(command, out)
    assert reference.status == 0, reference.log
    late = Kill(write=reference.writes - 3)
    check(command, out, iter([[Kill(seconds=0.7 * reference.seconds), late]]), reference)


@pytest.mark.slow
@pytest.mark.parametrize("several", [False, True])
def test_many_kills(several: bool, shared: Path, tmp_path: Path) -> None:
    """A real clip; or two, of which one is damaged, averaged over later frames."""
    preload()
    folder, out, random = tmp_path / "clips", tmp_path / "out", Random(int(several))
    folder.mkdir()
    out.mkdir()
    shutil.copy(shared / "clips" / "pyfeat_single_face.mp4", folder / "a.mp4")
    command = ["video", folder / "a.mp4", *outputs(out), "--threads", 1]
    if several:  # cannot be drawn
        data = clips.write_face(folder / "b.avi", frames=60).read_bytes()
        (folder / "b.avi").write_bytes(data[: len(data) // 2])
        command = ["video", folder, "-o", out / "r.csv", "--threads", 1, "--offline"]
        command += ["--classify-every", 0.1]
        command += ["--summary", out / "page.html"]
    reference = run(command, out)
    assert reference.status == int(several), reference.log
    kills = ([random_kill(random, reference) for _ in range(1 + n % 3)] for n in range(7))
    check(command, out, kills, reference)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a kill leaves of a run over a clip of 40 frames, of which it had classified some."""
    preload()
    place = tmp_path_factory.mktemp("killed")
    clip = clips.write_face(place / "face.avi", frames=40)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(frame_journal, "_EVERY_S", 0.0)
        command = ["video", clip.name, "-o", place / "r.csv", "-q"]
        ended = run(command, place, kill=Kill(write=4))
    assert ended.status == -9
    assert (place / "r.csv.journal").stat().st_size
    return place


@pytest.fixture
def place(killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(killed, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


COMMAND = ("video", "face.avi", "-o", "r.csv")


def test_known_frames_are_not_searched_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched = []
    detect = YuNet.detect

    @wraps(detect)
    def counted(*args: Any, **options: Any) -> Any:
        searched.append(1)
        return detect(*args, **options)

    monkeypatch.setattr(YuNet, "detect", counted)
    assert mien(*COMMAND, "-q", "--resume") == 0
    assert 0 < len(searched) < 40
    assert sorted(path.name for path in place.iterdir()) == ["face.avi", "r.csv"]
    assert len((place / "r.csv").read_text().splitlines()) == 41


def test_another_command_or_file_is_refused(place: Path, capsys: Capture) -> None:
    journal = place / "r.csv.journal"
    before = journal.read_bytes()
    assert mien(*COMMAND, "--resume", "--every", 2) == 2
    assert "(every was not given and is 2): give the same command" in capsys.readouterr().err
    clips.write_face(place / "face.avi", frames=3)
    assert mien(*COMMAND, "--resume") == 2
    said = capsys.readouterr().err
    assert "(source was " in said and said.count("\n") == 1
    assert journal.read_bytes() == before
    assert mien(*COMMAND) == 0
    assert "an unfinished run is given up: --resume would" in capsys.readouterr().err
    assert not journal.exists() and len((place / "r.csv").read_text().splitlines()) == 4
    assert mien(*COMMAND, "--resume") == 0
    assert "there is no unfinished run to resume" in capsys.readouterr().err


def test_a_file_that_is_no_journal_is_kept(tmp_path: Path, capsys: Capture) -> None:
    clip = clips.write(tmp_path / "grey.avi", frames=3)
    mine = tmp_path / "r.csv.journal"
    for text in ("my diary", '{"journal": "another"}\n'):
        mine.write_text(text)
        for options in ([], ["--resume"]):
            assert mien("video", clip, "-o", tmp_path / "r.csv", *options) == 1
            assert "not a journal of this version): remove it" in capsys.readouterr().err
        assert mine.read_text() == text
