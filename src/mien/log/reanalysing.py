"""Computes a session's observations anew with the present model, from pictures still there.

Those are the video that was recorded, if its content is the same, or what ``--keep-pictures`` kept
of a camera. The rows get another setup, so they begin a new baseline as a change of model does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from mien.errors import InputError, LogError
from mien.log import audit, pictures
from mien.log.database import Log
from mien.log.persons import check_consent, check_pictures
from mien.log.sampling import Sampler
from mien.log.schema import OBSERVATIONS, READINGS, SESSION_PERSONS, SESSIONS
from mien.log.session_rows import StoredSession, check_over, find_session
from mien.log.sessions import Setup, drop_unused_setups, file_sha256, setup_id, versions
from mien.log.store import insert_rows, observation_row, rebuild_hours
from mien.log.windows import Observation, Windows
from mien.media.video.reader import Frame, open_video

if TYPE_CHECKING:
    from mien.pipeline import Recognizer

FOLLOWING = ("smooth", "detect_every", "classify_every", "fps", "hold_s")
"""Settings of the recording that the new analysis keeps."""
Meter = Callable[[int, int | None], None]
Found = dict[int, dict[int, Observation]]
"""Person → begin of a window → what it says."""


def reanalyse(
    log: Log, number: int, recognizer: Recognizer, setup: Callable[[str, Mapping[str, Any]], Setup],
    *, on_frame: Meter = lambda number, total: None, max_pixels: int | None = None,
) -> int:  # fmt: skip
    """Replace the observations of a session, all of them or none; windows that were replaced.

    Of a camera's windows the seconds watched and the number of others stay: kept pictures do not
    show them. ``setup`` is as of ``mien.log.recording.record``. Raises ``InputError`` where there
    is nothing to read again, or no consent, and ``LogError`` for damaged pictures.
    """
    with log.read() as connection:
        session = find_session(connection, number)
        check_over(connection, session)
        check = check_pictures if session.kind == "camera" else check_consent
        for person in session.persons:
            check(connection, person.pseudonym)
        old = {person.id: _stored(connection, number, person.id) for person in session.persons}
        begin_ms = _first_start(connection, session)
    again = {name: session.settings[name] for name in FOLLOWING if name in session.settings}
    frames_read = _Reader(log, session, recognizer, again, on_frame)
    if session.kind == "video":
        found = frames_read.of_file(begin_ms, max_pixels)
    elif session.kind == "camera":
        found = frames_read.of_pictures(old)
    else:
        raise InputError(f"session {number} is of {session.kind}: its pictures are not read again")
    made = setup(session.place, {**again, "read_again": session.kind})
    return _replace(log, session, made, old, found)


class _Reader:
    """Reads the pictures of a session again."""

    def __init__(
        self, log: Log, session: StoredSession, recognizer: Recognizer, settings: Mapping[str, Any],
        on_frame: Meter,
    ) -> None:  # fmt: skip
        self._log, self._session, self._recognizer = log, session, recognizer
        self._settings, self._on_frame = settings, on_frame
        self._count = 0

    def of_file(self, begin_ms: int, max_pixels: int | None) -> Found:
        session, path = self._session, Path(self._session.source)
        if not path.is_file() or file_sha256(path) != session.source_sha256:
            raise InputError(
                f"session {session.id} cannot be read again: {session.source!r} is not there, or "
                "its content has changed"
            )
        video = open_video(
            str(path), fps=self._settings.get("fps"), max_pixels=max_pixels,
            on_error=lambda _, error: None, on_note=lambda note: None,
        )  # fmt: skip
        return self._windows(video, [one.id for one in session.persons], begin_ms, video.expected)

    def of_pictures(self, old: Mapping[int, Mapping[int, Any]]) -> Found:
        session = self._session
        found: Found = {}
        for person in session.persons:
            kept = set(pictures.windows(self._log, person.id, session.id))
            seen = {start for start, row in old[person.id].items() if row.seen_s}
            if missing := len(seen - kept):
                raise InputError(
                    f"session {session.id} has no pictures of {missing:,} of the {len(seen):,} "
                    "windows that show a person: nothing was changed"
                )
            if kept:
                frames = self._kept(person.id)
                found |= self._windows(frames, [person.id], session.start_ms, None)
        return found

    def _kept(self, person: int) -> Iterator[Frame]:
        kept = pictures.read(self._log, person, self._session.id)
        for index, (time_ms, image) in enumerate(kept):
            yield Frame(image, index, (time_ms - self._session.start_ms) / 1000)

    def _windows(
        self, frames: Iterable[Frame], persons: list[int], begin_ms: int, total: int | None
    ) -> Found:
        regions = {one.id: one.region for one in self._session.persons if one.id in persons}
        sampler, settings = Sampler(regions), self._settings
        hold_ms = round(1000 * settings.get("hold_s", 1.0))
        windows = Windows(persons, self._log.window_s * 1000, hold_ms)
        found: Found = {person: {} for person in persons}

        def note(done: Mapping[int, list[Observation]]) -> None:
            for person, some in done.items():
                found[person] |= {one.start_ms: one for one in some}

        results = self._recognizer.watch(
            frames, self._session.source, smooth=settings.get("smooth", 0.0),
            detect_every=settings.get("detect_every", 1),
            classify_every=settings.get("classify_every", 0.0),
        )  # fmt: skip
        for result in results:
            time_s = result.time_s or 0.0
            shown = sampler.sample(result, result.remembered(), time_s)
            samples = {person: one.sample for person, one in shown.items()}
            note(windows.add(begin_ms + round(time_s * 1000), samples, len(result)))
            self._count += 1
            self._on_frame(self._count, total)
        note(windows.end())
        return found


def _stored(connection: Connection, session: int, person: int) -> dict[int, Any]:
    """Begin of a window → its row."""
    table = OBSERVATIONS.c
    columns = (table.start_ms, table.offset_min, table.watched_s, table.seen_s, table.others)
    query = select(*columns).where(table.session_id == session, table.person_id == person)
    return {row.start_ms: row for row in connection.execute(query)}


def _first_start(connection: Connection, session: StoredSession) -> int:
    """When the file begins: an interruption leaves several sessions, whose first one says it."""
    ours = [one.id for one in session.persons]
    query = (
        select(func.min(SESSIONS.c.start_ms))
        .join(SESSION_PERSONS, SESSION_PERSONS.c.session_id == SESSIONS.c.id)
        .where(SESSIONS.c.source_sha256 == session.source_sha256, SESSIONS.c.kind == session.kind)
        .where(SESSION_PERSONS.c.person_id.in_(ours))
    )
    found: int | None = connection.execute(query).scalar()
    return session.start_ms if found is None or session.kind != "video" else found


def _with_the_camera_s(one: Observation, before: Any) -> Observation:
    """A window of kept pictures, with what they do not show from the row of the recording.

    Where a person went, no next picture says when: so not more is seen than was.
    """
    seen_s = min(one.seen_s, before.seen_s)
    usable_s = min(one.usable_s, seen_s)
    return replace(
        one, watched_s=before.watched_s, seen_s=seen_s, usable_s=usable_s, others=before.others
    )


def _put(connection: Connection, person: int, session: int, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    table = OBSERVATIONS.c
    ours = (table.person_id == person, table.session_id == session)
    old = delete(OBSERVATIONS).where(*ours, table.start_ms == bindparam("at"))
    connection.execute(old, [{"at": row["start_ms"]} for row in rows])
    insert_rows(connection, rows)


def _replace(
    log: Log, session: StoredSession, setup: Setup, old: Mapping[int, Mapping[int, Any]],
    found: Found,
) -> int:  # fmt: skip
    """Store what was found for the windows that there are; their number."""
    camera, count = session.kind == "camera", 0
    with log.write() as connection:
        if find_session(connection, session.id) != session:
            raise LogError(f"session {session.id} was changed meanwhile: try again")
        for person in session.persons:
            rows = []
            for start, one in found.get(person.id, {}).items():
                if (before := old[person.id].get(start)) is None:
                    continue
                kept = _with_the_camera_s(one, before) if camera else one
                rows.append(observation_row(person.id, session.id, kept, before.offset_min))
            count += len(rows)
            _put(connection, person.id, session.id, rows)
            details = {"session": session.id, "windows": len(rows)}
            audit.add(connection, "reanalyse", details, person.token)
        values = {"setup_id": setup_id(connection, setup), "versions": json.dumps(versions())}
        connection.execute(update(SESSIONS).where(SESSIONS.c.id == session.id).values(values))
        connection.execute(delete(READINGS).where(READINGS.c.session_id == session.id))
        for person in session.persons:
            if old[person.id]:
                rebuild_hours(connection, person.id, min(old[person.id]), max(old[person.id]))
        drop_unused_setups(connection)
    return count
