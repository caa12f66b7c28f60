"""Sources that are recorded from a camera on loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.errors import OutputError
from mien.log.database import Log
from mien.log.opening import create_log
from mien.log.persons import add_person, give_consent
from mien.log.sessions import setup_maker
from mien.log.times import Zone
from mien.log.verifying import verify
from mien.monitor.service import sources
from mien.monitor.service.config import SourceConfig
from mien.monitor.service.sources import Means, Recorded, RecordedSource
from mien.pipeline import Recognizer
from tests.support import clips
from tests.support.camera_server import FaultyCamera, faulty_camera
from tests.support.logs import rows

BOTH = frozenset({"anna", "ben"})


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with create_log(tmp_path / "log.db", window_s=1) as log:
        for name in sorted(BOTH):
            add_person(log, name)
            give_consent(log, name, name, "a test")
        yield log


@pytest.fixture
def camera() -> Iterator[FaultyCamera]:
    with faulty_camera(picture=clips.face(), rate=10) as camera:
        yield camera


@lru_cache
def without_detector() -> Recognizer:
    return Recognizer("none", threads=1)


def source_of(log: Log, url: str, notes: list[str]) -> RecordedSource:
    recognizer = without_detector()
    setup = setup_maker(recognizer, {"model": "default", "detector": "none"})
    config = SourceConfig(
        name="kitchen", camera=url, persons=("anna@0,0,1,1",), fps=5, place="kitchen"
    )
    means = Means(log, recognizer, setup)
    return RecordedSource(config, means, Zone("UTC"), notes.append)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def stored(log: Log, table: str = "observations") -> list[dict[str, object]]:
    return rows(log, table)


def test_a_source_that_dies_and_returns_is_recorded_again(log: Log, camera: FaultyCamera) -> None:
    notes: list[str] = []
    source = source_of(log, camera.url, notes)
    source.allow(BOTH)
    assert source.state().state == Recorded.STARTING and source.state().down_s > 0
    source.start()
    try:
        until(lambda: len(stored(log)) >= 2)
        state = source.state()
        assert state.state == Recorded.RECORDING and state.down_s == 0
        camera.mode = "cut"
        until(lambda: source.state().state == Recorded.DOWN)
        assert source.state().down_s > 0 and source.state().why
        before = len(stored(log))
        camera.mode = "serve"
        until(lambda: len(stored(log)) > before + 1)
        assert source.state().state == Recorded.RECORDING
    finally:
        source.end()
        source.join(20)
    assert any("connected again" in note for note in notes)
    assert verify(log).problems == ()
    (session,) = stored(log, "sessions")
    assert session["end_ms"] is not None


def test_consent_that_ends_and_comes_back(log: Log, camera: FaultyCamera) -> None:
    source = source_of(log, camera.url, [])
    source.start()
    try:
        assert source.state().state == Recorded.NO_CONSENT and source.state().down_s == 0
        source.allow(BOTH)
        until(lambda: len(stored(log)) >= 1)
        source.allow(frozenset({"ben"}))
        until(lambda: stored(log, "sessions")[0]["end_ms"] is not None)
        assert source.state().state == Recorded.NO_CONSENT
        source.allow(BOTH)
        until(lambda: len(stored(log, "sessions")) == 2)
    finally:
        source.end()
        source.join(20)


def test_a_log_that_fails_is_tried_again(
    log: Log, camera: FaultyCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.monitor.service.sources.AGAIN_S", 0.05)
    notes: list[str] = []
    real = sources.record

    def full(*_: object, **__: object) -> None:
        raise OutputError("cannot write the log: free some space")

    monkeypatch.setattr(sources, "record", full)
    source = source_of(log, camera.url, notes)
    source.allow(BOTH)
    source.start()
    try:
        until(lambda: bool(notes))
        assert source.state().state == Recorded.DOWN
        monkeypatch.setattr(sources, "record", real)
        until(lambda: len(stored(log)) >= 1)
    finally:
        source.end()
        source.join(20)
    assert len([note for note in notes if "free some space" in note]) == 1
