"""Stores the results of a file as observations of one person, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mien.errors import ConfigError, InputError
from mien.log.database import Log
from mien.log.imports.frames import FrameRows, Imported
from mien.log.imports.imotions import read_imotions
from mien.log.imports.openface import read_openface
from mien.log.imports.own import read_own
from mien.log.imports.pyfeat import read_pyfeat
from mien.log.persons import check_consent
from mien.log.retention import last_entry_ms, prune_unasked
from mien.log.sessions import (
    Setup,
    Source,
    begin_session,
    end_session,
    file_sha256,
    recorded_until,
)
from mien.log.shown import Chooser
from mien.log.store import add_observations
from mien.log.times import DAY_MS, Zone, now_ms, parse_time
from mien.log.windows import Observation, Windows

HOLD_S = 1.0
"""The longest time that a row counts for."""
READERS: dict[str, Callable[[Path, float | None], Imported | None]] = {
    "mien": lambda path, rate: read_own(path),
    "openface": read_openface,
    "pyfeat": read_pyfeat,
    "imotions": lambda path, rate: read_imotions(path),
}
"""Name → reader of a path and a rate; ``None`` from it where the file is another one."""


@dataclass(frozen=True, slots=True)
class Import:
    """What is imported, and whom it shows."""

    file: str
    person: str
    start: str
    """When the recording began."""
    zone: Zone = field(default_factory=Zone)
    reader: str | None = None
    """One of ``READERS``; ``None``: the first that fits."""
    rate: float | None = None
    """Frames a second, for files of OpenFace and py-feat without true times."""
    track: int | None = None
    """Whom it shows, by the number in the file; ``None``: the largest usable face."""
    place: str | None = None


def import_file(log: Log, wish: Import) -> tuple[str, int, float]:
    """Store a file; (its reader, windows, usable seconds).

    Raises ``InputError`` for a file that is damaged, of no known kind, empty or imported already,
    for times that do not increase, and for a person without consent.
    """
    path = Path(wish.file)
    start_ms, zone = parse_time(wish.start, wish.zone)
    imported = read_results(path, wish.reader, wish.rate)
    source = Source("import", wish.file, file_sha256(path), "given")
    with log.read() as connection:
        person = check_consent(connection, wish.person)
        if recorded_until(connection, source, person)[0]:
            raise InputError(f"{wish.file!r} is imported already: there is nothing to add")
    observations, end_ms = _observations(imported.frames, wish, log.window_s * 1000, start_ms)
    if not observations:
        raise InputError(f"{wish.file!r} has no frame: give another file")
    setup = Setup(
        wish.place or imported.reader, imported.model, settings={"reader": imported.reader}
    )
    with log.write() as connection:
        used_ms = last_entry_ms(connection)
        session = begin_session(connection, source, setup, {wish.person: None}, start_ms, zone)
        add_observations(connection, session.id, {person.id: observations}, zone)
        end_session(connection, session.id, session.persons, end_ms)
    prune_unasked(log, used_ms)
    return imported.reader, len(observations), sum(one.usable_s for one in observations)


def read_results(path: Path, reader: str | None, rate: float | None) -> Imported:
    """The content of a file of any reader, or of one. Raises ``InputError``, ``ConfigError``."""
    if reader is not None and reader not in READERS:
        raise ConfigError(f"no reader {reader!r}: give {', '.join(READERS)}")
    for name in [reader] if reader else READERS:
        found = READERS[name](path, rate)
        if found is not None:
            return found
    what = f"it has not the columns of {reader}" if reader else "no reader knows its columns"
    raise InputError(
        f"{str(path)!r} cannot be imported, {what}: expected rows of 'mien video', or CSV of "
        "OpenFace, py-feat or iMotions"
    )


def _observations(
    frames: Iterator[FrameRows], wish: Import, window_ms: int, start_ms: int
) -> tuple[list[Observation], int]:
    windows, chooser = Windows([0], window_ms, round(HOLD_S * 1000)), Chooser()
    found: list[Observation] = []
    last: int | None = None
    ahead_s = (now_ms() + DAY_MS - start_ms) / 1000
    for frame in frames:
        if frame.time_s > ahead_s:
            raise InputError(f"{wish.file!r}: {frame.time_s:g} s lie ahead; check times and start")
        time_ms = start_ms + round(frame.time_s * 1000)
        if last is not None and time_ms <= last:
            if time_ms == last:
                continue  # two frames of one millisecond
            raise InputError(f"{wish.file!r}: times go back at {frame.time_s:g} s; sort its rows")
        last = time_ms
        number = _chosen(frame, wish.track, chooser)
        samples = {} if number is None else {0: frame.faces[number][1]}
        found += windows.add(time_ms, samples, len(frame.faces)).get(0, [])
    found += windows.end().get(0, [])
    return found, last or start_ms


def _chosen(frame: FrameRows, track: int | None, chooser: Chooser) -> int | None:
    faces = [candidate for candidate, _ in frame.faces]
    if track is None:
        return chooser.choose(faces, frame.width or 1.0, frame.height or 1.0)
    return next((n for n, face in enumerate(faces) if face.track_id == track), None)
