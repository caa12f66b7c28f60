"""Sessions of a real face, read again: from their video, and from pictures that were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import InputError
from mien.log import audit, pictures
from mien.log.database import Log
from mien.log.persons import give_consent, withdraw_consent
from mien.log.reanalysing import reanalyse
from mien.log.recording import Wish, record
from mien.log.schema import EXPRESSIONS
from mien.log.sessions import Source, setup_maker
from mien.log.shown import Region
from mien.log.sink import LogSink
from mien.log.times import now_ms
from mien.log.verifying import verify
from mien.media.video.reader import Frame
from mien.pipeline import Recognizer
from tests.support import clips
from tests.support.logs import recording, rows

START = "2026-11-01T10:00:03"
SETTINGS = {"smooth": 0.0, "detect_every": 1, "fps": 2, "hold_s": 1.0}


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(threads=1)


def again(log: Log, recognizer: Recognizer, number: int = 1) -> int:
    setup = setup_maker(recognizer, {"model": "default", "detector": "yunet"})
    return reanalyse(log, number, recognizer, setup)


def values(log: Log) -> list[dict[str, Any]]:
    return rows(log, "observations")


@pytest.fixture
def of_video(log: Log, recognizer: Recognizer, tmp_path: Path) -> Log:
    clip = clips.write_face(tmp_path / "clip.avi", frames=24, rate=1)
    setup = setup_maker(recognizer, {"model": "default", "detector": "yunet"})
    wish = Wish(str(clip), {"anna": None}, START, place="kitchen")
    record(log, wish, recognizer, setup, on_error=lambda error: None)
    return log


def test_the_same_model_finds_the_same_in_a_video(of_video: Log, recognizer: Recognizer) -> None:
    before = values(of_video)
    with of_video.write() as connection:  # as if another model had made them
        connection.exec_driver_sql("UPDATE observations SET happiness = 1, usable_s = 1000")
        connection.exec_driver_sql("UPDATE hours SET usable_s = 3")
    assert again(of_video, recognizer) == len(before) == 3
    assert values(of_video) == before and verify(of_video).problems == ()
    (setup,) = rows(of_video, "setups")  # the one before is used no more
    assert setup["place"] == "kitchen" and '"read_again": "video"' in str(setup["settings"])
    assert len(rows(of_video, "sessions")) == 1
    with of_video.read() as connection:
        (entry,) = [e for e in audit.entries(connection) if e.action == "reanalyse"]
    assert entry.details == {"session": 1, "windows": 3} and entry.token


def test_a_video_that_is_not_what_was_recorded(of_video: Log, recognizer: Recognizer) -> None:
    before = values(of_video)
    clip = Path(str(rows(of_video, "sessions")[0]["source"]))
    clips.write_face(clip, frames=23, rate=1)
    with pytest.raises(InputError, match="its content has changed"):
        again(of_video, recognizer)
    withdraw_consent(of_video, "anna")
    with pytest.raises(InputError, match="was withdrawn"):
        again(of_video, recognizer)
    with pytest.raises(InputError, match="there is no session 9"):
        again(of_video, recognizer, 9)
    assert values(of_video) == before and rows(of_video, "setups")[0]["id"] == 1


def room(side: str, step: int) -> np.ndarray:
    """The portrait in the left or right half of a picture, or in both, moving a little."""
    face = clips.face(step)
    height, width = face.shape[:2]
    image = np.full((height, 2 * width, 3), 90, np.uint8)
    if side in ("left", "both"):
        image[:, :width] = face
    if side in ("right", "both"):
        image[:, width:] = face[:, ::-1]
    return image


@pytest.fixture
def of_camera(log: Log, recognizer: Recognizer) -> Log:
    """Anna on the left is there for 15 seconds, ben on the right from the fifth one on."""
    persons = {"anna": Region(0, 0, 0.5, 1), "ben": Region(0.5, 0, 1, 1)}
    for name in persons:
        give_consent(log, name, name, "a test", pictures=True)
    sides = ["left"] * 10 + ["both"] * 20 + ["right"] * 10
    frames = [Frame(room(side, n % 5), n, n / 2) for n, side in enumerate(sides)]
    setup = setup_maker(recognizer, {"model": "default", "detector": "yunet"})("room", SETTINGS)
    start = (now_ms() - 3_600_000) // 60_000 * 60_000
    made = recording(
        start, source=Source("camera", "0"), setup=setup, persons=persons, keep_pictures=True
    )
    with LogSink(log, made) as sink:
        for result in recognizer.watch(frames, "0", smooth=0.0):
            sink.write(result, result.remembered())
    return log


def test_kept_pictures_say_what_the_camera_showed(of_camera: Log, recognizer: Recognizer) -> None:
    before = values(of_camera)
    assert len(before) == 4 and max(row["others"] for row in before) > 0.4
    assert again(of_camera, recognizer) == 4
    after = values(of_camera)
    for old, new in zip(before, after, strict=True):
        kept = ("person_id", "start_ms", "session_id", "offset_min", "watched_s", "others")
        assert [new[name] for name in kept] == [old[name] for name in kept]
        assert new["seen_s"] == pytest.approx(old["seen_s"], abs=0.51) and new["seen_s"] > 4
        for name in (*EXPRESSIONS, "smiling"):
            if old[name] is not None:
                assert new[name] == pytest.approx(old[name], abs=0.1), name
        assert new["size"] == pytest.approx(old["size"], rel=0.05)
    assert verify(of_camera).problems == ()
    assert again(of_camera, recognizer) == 4  # the pictures are there still
    assert len(rows(of_camera, "setups")) == 1


def test_without_some_of_the_pictures_nothing_changes(
    of_camera: Log, recognizer: Recognizer
) -> None:
    before = values(of_camera)
    next(pictures.folder_of(of_camera).rglob("*.zip")).unlink()
    with pytest.raises(InputError, match="has no pictures of 1 of the 2 windows"):
        again(of_camera, recognizer)
    give_consent(of_camera, "ben", "ben", "a test")
    withdraw_consent(of_camera, "ben")
    give_consent(of_camera, "ben", "ben", "a test")
    with pytest.raises(InputError, match="no picture of 'ben' may be kept"):
        again(of_camera, recognizer)
    assert values(of_camera) == before
