"""Sources that are recorded from a camera on loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.log.opening import create_log, open_log
from mien.log.persons import add_person, give_consent
from mien.log.sessions import setup_maker
from mien.log.times import Zone
from mien.log.verifying import verify
from mien.monitor.service.config import SourceConfig
from mien.monitor.service.sources import Means, Recorded, RecordedSource
from mien.pipeline import Recognizer
from tests.support import clips
from tests.support.camera_server import FaultyCamera, faulty_camera
from tests.support.logs import rows

BOTH = frozenset({"anna", "ben"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    with create_log(path, window_s=1) as log:
        for name in sorted(BOTH):
            add_person(log, name)
            give_consent(log, name, name, "a test")
    return path


@pytest.fixture
def camera() -> Iterator[FaultyCamera]:
    with faulty_camera(picture=clips.face(), rate=10) as camera:
        yield camera


def source_of(path: Path, url: str, notes: list[str]) -> RecordedSource:
    recognizer = Recognizer("none", threads=1)
    setup = setup_maker(recognizer, {"model": "default", "detector": "none"})
    config = SourceConfig(
        name="kitchen", camera=url, persons=("anna@0,0,1,1",), fps=5, place="kitchen"
    )
    means = Means(lambda: open_log(path), recognizer, setup)
    return RecordedSource(config, means, Zone("UTC"), notes.append)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def stored(path: Path, table: str = "observations") -> list[dict[str, object]]:
    with open_log(path) as log:
        return rows(log, table)


def test_a_source_that_dies_and_returns_is_recorded_again(path: Path, camera: FaultyCamera) -> None:
    notes: list[str] = []
    source = source_of(path, camera.url, notes)
    source.allow(BOTH)
    assert source.state().state == Recorded.STARTING and source.state().down_s > 0
    source.start()
    try:
        until(lambda: len(stored(path)) >= 2)
        state = source.state()
        assert state.state == Recorded.RECORDING and state.down_s == 0
        camera.mode = "cut"
        until(lambda: source.state().state == Recorded.DOWN)
        assert source.state().down_s > 0 and source.state().why
        before = len(stored(path))
        camera.mode = "serve"
        until(lambda: len(stored(path)) > before + 1)
        assert source.state().state == Recorded.RECORDING
    finally:
        source.end()
        source.join(20)
    assert any("connected again" in note for note in notes)
    with open_log(path) as log:
        assert verify(log).problems == ()
    (session,) = stored(path, "sessions")
    assert session["end_ms"] is not None


def test_consent_that_ends_and_comes_back(path: Path, camera: FaultyCamera) -> None:
    source = source_of(path, camera.url, [])
    source.start()
    try:
        assert source.state().state == Recorded.NO_CONSENT and source.state().down_s == 0
        source.allow(BOTH)
        until(lambda: len(stored(path)) >= 1)
        source.allow(frozenset({"ben"}))
        until(lambda: stored(path, "sessions")[0]["end_ms"] is not None)
        assert source.state().state == Recorded.NO_CONSENT
        source.allow(BOTH)
        until(lambda: len(stored(path, "sessions")) == 2)
    finally:
        source.end()
        source.join(20)


def test_a_log_that_fails_is_tried_again(
    path: Path, camera: FaultyCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.monitor.service.sources.AGAIN_S", 0.05)
    notes: list[str] = []
    hidden = path.rename(path.with_suffix(".hidden"))
    source = source_of(path, camera.url, notes)
    source.allow(BOTH)
    source.start()
    try:
        until(lambda: bool(notes))
        assert source.state().state == Recorded.DOWN
        hidden.rename(path)
        until(lambda: len(stored(path)) >= 1)
    finally:
        source.end()
        source.join(20)
    assert len([note for note in notes if "log.db" in note]) == 1
