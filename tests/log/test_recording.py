"""Real videos, photos and a camera, recorded as the command does it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mien.errors import ConfigError, InputError, MienError, VideoReadError
from mien.log import queries
from mien.log.database import Log
from mien.log.recording import Done, Wish, record
from mien.log.sessions import setup_maker
from mien.log.times import Zone, parse_time
from mien.log.verifying import verify
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT
from tests.support import clips
from tests.support.camera_server import faulty_camera
from tests.support.logs import rows

BERLIN = Zone("Europe/Berlin")


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture
def run(log: Log, recognizer: Recognizer) -> Iterator[Any]:
    """Records into the log; errors that others follow go to ``run.errors``."""

    def go(source: object, **wish: Any) -> Done:
        persons = wish.pop("persons", {"anna": None})
        on_frame = wish.pop("on_frame", lambda number, total: None)
        setup = setup_maker(recognizer, {"model": "default", "detector": "yunet"})
        return record(
            log, Wish(str(source), persons, zone=BERLIN, **wish), recognizer, setup,
            on_error=go.errors.append, on_frame=on_frame,  # type: ignore[attr-defined]
        )  # fmt: skip

    go.errors: list[MienError] = []  # type: ignore[attr-defined]
    yield go


def test_a_real_clip_whose_time_is_in_its_file(log: Log, run: Any, shared: Path) -> None:
    pytest.importorskip("av")
    done = run(shared / "clips" / "face_noface.mov", fps=2)
    assert done.windows == 2 and done.watched_s == pytest.approx(6.4, abs=0.3)
    assert 1.5 < done.seen_s < 3.5
    first, second = rows(log, "observations")
    assert first["start_ms"] == parse_time("2023-02-03T21:48:10+00:00", BERLIN)[0]
    assert first["happiness"] > 0.3 and first["size"] > 100 and 0.2 < first["light"] < 0.8  # type: ignore[operator]
    assert second["seen_s"] == 0 and second["watched_s"] > 0  # type: ignore[operator]
    (session,), (setup,) = rows(log, "sessions"), rows(log, "setups")
    assert session["time_from"] == "container" and len(str(session["source_sha256"])) == 64
    assert setup["model"] == "default" and len(str(setup["detector_sha256"])) == 64
    with pytest.raises(InputError, match="is recorded already"):
        run(shared / "clips" / "face_noface.mov")
    assert verify(log).problems == ()


def test_an_interrupted_video_goes_on(log: Log, run: Any, tmp_path: Path) -> None:
    clip = clips.write_face(tmp_path / "clip.avi", frames=35, rate=1)
    start = {"start": "2026-11-01T10:00:03", "place": "kitchen"}

    def stop(number: int, total: int | None) -> None:
        if number == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(clip, on_frame=stop, **start)
    stored = rows(log, "observations")
    assert [row["watched_s"] for row in stored] == [7]
    run(clip, **start)
    found = rows(log, "observations")
    assert found[:1] == stored and [row["watched_s"] for row in found] == [7, 10, 10, 8]
    assert len(rows(log, "setups")) == 1 and len(rows(log, "sessions")) == 2
    with pytest.raises(InputError, match="is recorded already"):
        run(clip, **start)


def test_videos_without_a_time(run: Any, tmp_path: Path) -> None:
    clip = clips.write_face(tmp_path / "clip.avi", frames=2)
    with pytest.raises(InputError, match="is not known: give --start"):
        run(clip)
    shutil.copy(clip, tmp_path / "b.avi")
    assert run(tmp_path).sources == 0
    assert len(run.errors) == 2
    with pytest.raises(ConfigError, match="--start is for one video"):
        run(tmp_path, start="2026-11-01T10:00")
    with pytest.raises(VideoReadError, match="no file"):
        run(tmp_path / "nothing.mp4", start="2026-11-01T10:00")


def photo(path: Path, taken: str | None, offset: str = "", part: str = "") -> None:
    with Image.open(ASTRONAUT) as picture:
        exif = picture.getexif()
        inner = exif.get_ifd(0x8769)
        if taken is not None:
            inner[36867] = taken
        if offset:
            inner[36881] = offset
        if part:
            inner[37521] = part
        picture.save(path, exif=exif)


def test_dated_photos(log: Log, run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo(folder / "b.jpg", "2026:11:01 10:00:05")
    photo(folder / "a.jpg", "2026:11:01 10:30:00")
    photo(folder / "c.jpg", "2026:11:01 04:00:05", "-05:00", "25")  # a quarter of a second later
    photo(folder / "undated.jpg", None)
    photo(folder / "zero.jpg", "0000:00:00 00:00:00")
    (folder / "broken.jpg").write_bytes(b"no picture")
    done = run(folder)
    assert done.windows == 2
    first, second = rows(log, "observations")
    ten = parse_time("2026-11-01T10:00", BERLIN)[0]
    assert (first["start_ms"], second["start_ms"]) == (ten, ten + 30 * 60_000)
    assert (first["watched_s"], second["watched_s"]) == (1.25, 1) and first["happiness"] > 0.5  # type: ignore[operator]
    says = "\n".join(map(str, run.errors))
    assert len(run.errors) == 2 and "taken are left out: 2," in says and "broken.jpg" in says
    with pytest.raises(InputError, match="no photo after those"):
        run(folder)
    photo(folder / "d.jpg", "2026:11:02 10:00:00")
    assert run(folder).windows == 1
    assert len(rows(log, "observations")) == 3 and not rows(log, "gaps")
    assert queries.days(log, "anna").seconds["usable_s"] == pytest.approx([2.25, 1])


def test_a_camera_until_it_is_stopped(log: Log, run: Any) -> None:
    def stop(number: int, total: int | None) -> None:
        if number == 4:
            raise KeyboardInterrupt

    with faulty_camera(picture=clips.face()) as server, pytest.raises(KeyboardInterrupt):
        run(server.url, seconds=60.0, on_frame=stop)
    (session,) = rows(log, "sessions")
    assert session["kind"] == "camera" and session["end_ms"] is not None
    assert rows(log, "setups")[0]["place"] == session["source"]
    assert sum(row["seen_s"] for row in rows(log, "observations")) > 0  # type: ignore[misc]
    assert verify(log).problems == ()


def test_a_rate_of_nearly_nothing_holds_a_frame_for_a_day() -> None:
    assert Wish("clip.avi", {}, fps=1e-320).hold_s == 86_400  # not inf, which no window can hold


def test_only_a_recording_that_names_faces_less_often_says_so() -> None:
    """Setups of before, which have no such setting, stay the same."""
    assert "classify_every" not in Wish("clip.avi", {}).settings
    assert Wish("clip.avi", {}, classify_every=0.1).settings["classify_every"] == 0.1


def test_wishes_that_cannot_be(run: Any, tmp_path: Path) -> None:
    from mien.log.shown import parse_person, parse_persons

    clip = clips.write_face(tmp_path / "clip.avi", frames=2)
    for changes, says in (
        ({"persons": {}}, "nobody is to be recorded"),
        ({"persons": {"anna": None, "ben": None}}, "need a part of the picture each"),
        ({"persons": parse_persons(("anna@0,0,.6,1", "ben@.5,0,1,1"))}, "overlap"),
        ({"persons": {"carla": None}}, "no person 'carla'"),
        ({"seconds": 3.0}, "--for ends the recording of a camera"),
    ):
        with pytest.raises(MienError, match=says):
            run(clip, **{"start": "2026-11-01T10:00", **changes})
    for text in ("anna@", "anna@1,2,3,4", "anna@0,0,0,1", "anna@a,b,c,d", "anna@0..1,0,1,1"):
        with pytest.raises(ConfigError, match="is not a"):
            parse_person(text)
    with pytest.raises(ConfigError, match="'anna' is given twice"):
        parse_persons(("anna@0,0,.5,1", "anna"))
