"""Pictures that are kept beside the log: whom they show, who may read them, what removes them."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mien.errors import ConfigError, ConflictError, InputError, LogError, OutputError
from mien.log import audit, pictures
from mien.log.database import Log
from mien.log.erasing import erase
from mien.log.exporting import export_pictures
from mien.log.opening import create_log, open_log
from mien.log.persons import give_consent, withdraw_consent, withdraw_pictures
from mien.log.retention import prune
from mien.log.session_rows import list_sessions, remove_session
from mien.log.shown import Region
from mien.log.sink import LogSink
from mien.log.times import DAY_MS, now_ms
from mien.log.verifying import verify
from mien.types import Box
from tests.support.logs import reading, recording, result, rows

NOW = now_ms() // 10_000 * 10_000
REGIONS = {"anna": Region(0, 0, 0.5, 1), "ben": Region(0.5, 0, 1, 1)}


def picture() -> np.ndarray:
    """Two faces in their places: a bright square at 20, a dark one at 250; noise around them."""
    image = np.random.default_rng(0).integers(0, 40, (200, 400, 3), dtype=np.uint8)
    image[40:100, 20:80], image[40:100, 250:310] = 240, 90
    return image


def keep(log: Log, start_ms: int = NOW, seconds: int = 25, persons: object = REGIONS) -> LogSink:
    made = recording(start_ms, keep_pictures=True, persons=persons)
    with LogSink(log, made) as sink:
        for n in range(seconds):
            faces = reading(at=20), reading(at=250, track=2)
            sink.write(result(float(n), *faces), picture())
    return sink


@pytest.fixture
def allowed(log: Log) -> Log:
    for name in ("anna", "ben"):
        give_consent(log, name, name, "a test", pictures=True)
    return log


def files(log: Log) -> list[Path]:
    return sorted(pictures.folder_of(log).rglob("*.zip"))


def test_a_file_a_window_and_person_that_only_its_owner_may_read(allowed: Log) -> None:
    keep(allowed)
    found = files(allowed)
    assert len(found) == 2 * 3 and pictures.size(allowed)[0] == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    folders = {parent for path in found for parent in list(path.parents)[:3]}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert [row["start_ms"] for row in rows(allowed, "observations")][:3] == (
        pictures.windows(allowed, 1, 1)
    )
    (session,) = list_sessions(allowed)
    assert session["picture_files"] == 6
    with allowed.read() as connection:
        (entry,) = [e for e in audit.entries(connection) if e.action == "record"][:1]
    assert entry.details["pictures"] is True


def test_the_person_is_seen_at_the_same_place_and_nobody_else(allowed: Log) -> None:
    keep(allowed)
    read = list(pictures.read(allowed, 1, 1))
    assert [time - read[0][0] for time, _ in read] == [1000 * n for n in range(25)]
    _, anna = read[0]
    assert anna.shape == (200, 400, 3)
    assert abs(anna[50:90, 30:70].astype(int) - 240).max() < 8
    assert abs(anna[:, 140:].astype(int) - 128).max() < 12  # ben, and the room


def test_another_face_within_the_margin_is_painted_over() -> None:
    image = np.full((100, 200, 3), 255, np.uint8)
    shown = pictures.masked(image, Box(40, 20, 80, 60), [Box(75, 10, 120, 70)])
    assert (shown[20:60, 40:80] == 255).all() and (shown[20:60, 80:120] == 128).all()
    assert (shown[:, 25:39][20:60] == 255).all() and (shown[:, 121:] == 128).all()
    outside = pictures.masked(image, Box(-500, -500, -400, -400))
    assert (outside == 128).all()


def test_only_those_who_consented_to_pictures(log: Log) -> None:
    with pytest.raises(InputError, match="--pictures"):
        keep(log)
    assert not files(log) and not rows(log, "sessions")
    for name in ("anna", "ben"):
        give_consent(log, name, name, "a test", pictures=True)
    with LogSink(log, recording(NOW, keep_pictures=True, persons=REGIONS)) as sink:
        for n in range(30):
            if n == 12:  # to numbers, but not to pictures any more
                withdraw_consent(log, "anna")
                give_consent(log, "anna", "anna", "a test")
            sink.write(result(float(n), reading(at=20), reading(at=250, track=2)), picture())
    assert len(pictures.windows(log, 1, 1)) == 1 and len(pictures.windows(log, 2, 1)) == 3
    assert len(rows(log, "observations")) == 6


def test_consent_to_pictures_ends_alone(allowed: Log) -> None:
    with LogSink(allowed, recording(NOW, keep_pictures=True, persons=REGIONS)) as sink:
        for n in range(30):
            if n == 12:
                assert withdraw_pictures(allowed, "anna") == 1
            sink.write(result(float(n), reading(at=20), reading(at=250, track=2)), picture())
    assert pictures.windows(allowed, 1, 1) == [] and len(pictures.windows(allowed, 2, 1)) == 3
    assert len(rows(allowed, "observations")) == 6  # numbers go on
    with pytest.raises(ConflictError, match="no consent to pictures in force"):
        withdraw_pictures(allowed, "anna")
    give_consent(allowed, "anna", "anna", "a test", pictures=True)
    assert withdraw_pictures(allowed, "anna") == 0
    with allowed.read() as connection:
        entries = [one for one in audit.entries(connection) if one.action == "withdraw"]
    assert [one.details for one in entries] == [
        {"what": "pictures", "files": 1}, {"what": "pictures", "files": 0},
    ]  # fmt: skip
    assert verify(allowed).problems == ()


def test_where_they_cannot_be_kept(tmp_path: Path) -> None:
    with create_log(tmp_path / "slow.db", window_s=300) as log, pytest.raises(ConfigError):
        keep(log)
    pytest.importorskip("sqlcipher3", reason="needs the 'encryption' extra")
    beside = pytest.raises(ConfigError, match="unencrypted beside an encrypted log")
    with create_log(tmp_path / "secret.db", key="k") as log, beside:
        keep(log)
    with open_log(tmp_path / "secret.db", key="k") as log, pytest.raises(ConfigError):
        keep(log)


def test_erasing_removes_them(allowed: Log, tmp_path: Path) -> None:
    keep(allowed)
    jpeg = b"\xff\xd8\xff"
    assert any(jpeg in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    certificate = erase(allowed, "anna")
    assert certificate.removed["picture files"] == 3
    assert {path.parent.parent.name for path in files(allowed)} == {"2"}
    erase(allowed, "ben")
    assert not any(jpeg in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert verify(allowed).problems == ()


def test_the_person_may_have_them(allowed: Log, tmp_path: Path) -> None:
    keep(allowed)
    copy = tmp_path / "copy"
    assert export_pictures(allowed, "ben", str(copy)) == 3
    assert [p.read_bytes() for p in sorted(copy.rglob("*.zip"))] == [
        p.read_bytes() for p in files(allowed) if p.parent.parent.name == "2"
    ]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    with pytest.raises(OutputError):
        export_pictures(allowed, "ben", str(copy))
    (one,) = erase(allowed, "ben").copies
    assert one.startswith("exported on")


def test_pruning_removes_the_old_and_what_belongs_to_nobody(allowed: Log) -> None:
    keep(allowed, NOW - 20 * DAY_MS, persons={"anna": None})
    keep(allowed, persons={"anna": None})
    stray = pictures.folder_of(allowed) / "99" / "1"
    stray.mkdir(parents=True)
    (stray / "5.zip").write_bytes(b"of a person who was erased")
    assert prune(allowed)["pictures"] == 1 and not stray.parent.exists()
    assert prune(allowed, now_ms() + 10 * DAY_MS)["pictures"] == 3
    assert len(files(allowed)) == 3
    assert prune(allowed, now_ms() + 40 * DAY_MS)["pictures"] == 3
    assert not list(pictures.folder_of(allowed).iterdir())
    with pytest.raises(InputError, match="older than pictures are kept"):
        keep(allowed, NOW - 30 * DAY_MS)


def test_a_session_ends_with_its_day(allowed: Log) -> None:
    midnight = (NOW - 2 * DAY_MS) // DAY_MS * DAY_MS
    keep(allowed, midnight - 11_000 - 2 * 3_600_000, persons={"anna": None})  # of Berlin
    keep(allowed, midnight + DAY_MS // 2 - 11_000, persons={"anna": None})
    starts = [row["start_ms"] for row in rows(allowed, "sessions")]
    assert len(starts) in (3, 2)  # clocks there are one or two hours ahead
    assert verify(allowed).problems == ()


def test_a_removed_session_takes_them_along(allowed: Log) -> None:
    keep(allowed)
    keep(allowed, NOW + 60_000)
    assert remove_session(allowed, 1)["picture files"] == 6
    assert len(files(allowed)) == 6 and pictures.windows(allowed, 1, 1) == []


def test_damaged_ones(allowed: Log) -> None:
    keep(allowed, persons={"anna": None})
    first, second, third = files(allowed)
    with zipfile.ZipFile(first, "w") as archive:
        archive.writestr("5.jpg", b"no picture")
    second.write_bytes(b"no archive")
    for _ in range(2):
        with pytest.raises(LogError, match="are damaged") as error:
            list(pictures.read(allowed, 1, 1))
        assert "\n" not in str(error.value)
        first.unlink(missing_ok=True)
    assert third.exists()
