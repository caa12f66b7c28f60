"""Recordings: from which source, with which model and settings, from when to when, with which gaps.

A setup is what values depend on: place, model, detector and settings. Days of two setups are not
comparable, so a change of software never looks like a change of mood.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from mien.errors import InputError
from mien.log import audit
from mien.log.persons import Person, check_consent, check_pictures
from mien.log.retention import oldest_ms
from mien.log.schema import GAPS, HOURS, OBSERVATIONS, SESSION_PERSONS, SESSIONS, SETUPS
from mien.log.shown import Region
from mien.log.times import DAY_MS, Zone, iso, now_ms
from mien.reading import open_file

if TYPE_CHECKING:
    from mien.pipeline import Recognizer


@dataclass(frozen=True, slots=True)
class Setup:
    """What the values of a session depend on."""

    place: str
    """Where the camera stands, in the user's words, or what was imported."""
    model: str = ""
    model_sha256: str = ""
    detector: str = ""
    detector_sha256: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of detector, tracker, smoothing and sampling."""

    def row(self) -> dict[str, str]:
        """A row of ``setups``."""
        values = {name: str(getattr(self, name)) for name in self.__slots__ if name != "settings"}
        values["settings"] = json.dumps(dict(self.settings), sort_keys=True, default=str)
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
        return {**values, "digest": digest}


@dataclass(frozen=True, slots=True)
class Source:
    """What is recorded."""

    kind: str
    """``camera``, ``video``, ``photos`` or ``import``."""
    name: str
    """As results call it, without passwords."""
    sha256: str = ""
    """Of a file."""
    time_from: str = "clock"
    """Where its times come from: ``clock``, ``given``, ``container``, ``exif`` or ``file``."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is being recorded."""

    id: int
    persons: Mapping[int, Region | None]
    """By the person's id."""


def setup_of(
    recognizer: Recognizer, place: str, settings: Mapping[str, Any], *, model: str, detector: str
) -> Setup:
    """The setup of a recognizer, with the hashes of its weights.

    ``model`` and ``detector`` are the names or files that the recognizer was made of.
    """
    spec, facts = recognizer.classifier.spec, recognizer.detector.facts
    return Setup(
        place, spec.name, spec.sha256 or _file_hash(model), facts.name,
        _file_hash(detector) or _shipped_hash(facts.name),
        {**settings, "score_threshold": recognizer.detector.score_threshold},
    )  # fmt: skip


def setup_maker(
    recognizer: Recognizer, options: Mapping[str, Any]
) -> Callable[[str, Mapping[str, Any]], Setup]:
    """Place and settings → the setup of a recognizer that was made with ``options``."""
    kept = {
        name: options[name] for name in ("min_face_size", "detector_options") if options.get(name)
    }

    def make(place: str, settings: Mapping[str, Any]) -> Setup:
        names = {name: str(options[name]) for name in ("model", "detector")}
        return setup_of(recognizer, place, {**settings, **kept}, **names)

    return make


def file_sha256(path: Path) -> str:
    """The hash of a file's content. Raises ``InputError``."""
    try:
        whole = hashlib.sha256()
        with open_file(path) as file:
            while part := file.read(1 << 20):
                whole.update(part)
        return whole.hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r} ({error.strerror})") from None


def versions() -> dict[str, str]:
    """What ran."""
    from importlib.metadata import version

    names = ("mien", "numpy", "onnxruntime", "opencv-python-headless", "sqlalchemy")
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except ImportError:
            continue
    return found


def begin_session(
    connection: Connection,
    source: Source,
    setup: Setup,
    persons: Mapping[str, Region | None],
    start_ms: int,
    zone: Zone,
    kinds: Sequence[str] = ("observations",),
) -> Session:
    """Note the begin of a recording of persons, by pseudonym. ``kinds`` of data will be stored.

    Raises ``InputError`` for a person whose consent, to pictures if they are kept, is not in force,
    for a time that lies ahead, and for one that is longer ago than data are kept.
    """
    check = check_pictures if "pictures" in kinds else check_consent
    found = {check(connection, name): region for name, region in persons.items()}
    _check_start(connection, start_ms, kinds)
    row = {
        "setup_id": setup_id(connection, setup), "kind": source.kind, "source": source.name,
        "source_sha256": source.sha256, "time_from": source.time_from,
        "versions": json.dumps(versions()), "start_ms": start_ms,
        "offset_min": zone.offset_min(start_ms),
    }  # fmt: skip
    session_id = _insert(connection, SESSIONS, row)
    for person, region in found.items():
        place = None if region is None else str(region)
        values = {"session_id": session_id, "person_id": person.id, "region": place}
        connection.execute(insert(SESSION_PERSONS).values(values))
        details = {"session": session_id, "kind": source.kind}
        details |= {"pictures": True} if "pictures" in kinds else {}
        audit.add(connection, "record", details, person.token)
    return Session(session_id, {person.id: region for person, region in found.items()})


def end_session(
    connection: Connection, session_id: int, persons: Iterable[int], end_ms: int
) -> None:
    """Note the end of a recording of persons.

    If all of them were erased meanwhile, another recording may have the session's number now.
    """
    ours = SESSION_PERSONS.c.person_id.in_(list(persons))
    same = exists().where(SESSION_PERSONS.c.session_id == SESSIONS.c.id, ours)
    ended = update(SESSIONS).where(SESSIONS.c.id == session_id, same)
    connection.execute(ended.values(end_ms=end_ms))


def add_gap(
    connection: Connection, session_id: int, start_ms: int, end_ms: int, reason: str
) -> None:
    """Note a time in which nothing came from the source."""
    row = {"session_id": session_id, "start_ms": start_ms, "end_ms": end_ms, "reason": reason}
    connection.execute(insert(GAPS).values(row))


def recorded_until(
    connection: Connection, source: Source, person: Person
) -> tuple[bool, int | None]:
    """(whether a source was recorded to its end, begin of the last window stored) for a person.

    Files are the same if their content is; others, such as a folder, if their names are.
    """
    query = (
        select(SESSIONS.c.id, SESSIONS.c.end_ms)
        .join(SESSION_PERSONS, SESSION_PERSONS.c.session_id == SESSIONS.c.id)
        .where(_is_of(source), SESSION_PERSONS.c.person_id == person.id)
    )
    rows = connection.execute(query).all()
    of_source = OBSERVATIONS.c.session_id.in_([row.id for row in rows])
    last: int | None = connection.execute(
        select(func.max(OBSERVATIONS.c.start_ms)).where(
            of_source, OBSERVATIONS.c.person_id == person.id
        )
    ).scalar()
    return any(row.end_ms is not None for row in rows), last


def check_alone(
    connection: Connection, source: Source, session_id: int, windows: Mapping[int, Sequence[int]]
) -> None:
    """Raise ``InputError`` if another session has windows of a source: person → their begins."""
    for person_id, begins in windows.items():
        query = (
            select(SESSIONS.c.id)
            .join(OBSERVATIONS, OBSERVATIONS.c.session_id == SESSIONS.c.id)
            .where(
                _is_of(source), SESSIONS.c.id != session_id,
                OBSERVATIONS.c.person_id == person_id, OBSERVATIONS.c.start_ms.in_(begins),
            )
        )  # fmt: skip
        if connection.execute(query.limit(1)).first():
            raise InputError(
                f"recording ends: another process is recording {source.name!r}; let it finish"
            )


def _is_of(source: Source) -> ColumnElement[bool]:
    if source.sha256:
        return SESSIONS.c.source_sha256 == source.sha256
    return (SESSIONS.c.kind == source.kind) & (SESSIONS.c.source == source.name)


def _check_start(connection: Connection, start_ms: int, kinds: Sequence[str]) -> None:
    if start_ms > now_ms() + DAY_MS:
        raise InputError(f"a recording of {iso(start_ms)} lies ahead: check its time")
    for kind in kinds:
        oldest = oldest_ms(connection, kind)
        if start_ms < oldest:
            raise InputError(
                f"a recording of {iso(start_ms)} is older than {kind} are kept, which is from "
                f"{iso(oldest)} on: see 'mien log prune --keep {kind}=DAYS'"
            )


def _insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert a row; its number."""
    key = connection.execute(insert(table).values(dict(row))).inserted_primary_key
    assert key is not None
    number: int = key[0]
    return number


def setup_id(connection: Connection, setup: Setup) -> int:
    """The number of a setup, which is stored if it is new."""
    row = setup.row()
    query = select(SETUPS.c.id).where(SETUPS.c.digest == row["digest"])
    found: int | None = connection.execute(query).scalar()
    if found is None:
        found = _insert(connection, SETUPS, row)
    return found


def drop_unused_setups(connection: Connection) -> int:
    """Remove setups that no session and no hour has; their number."""
    used = [exists().where(table.c.setup_id == SETUPS.c.id) for table in (SESSIONS, HOURS)]
    return connection.execute(delete(SETUPS).where(*(~one for one in used))).rowcount


def _file_hash(name: str) -> str:
    path = Path(name)
    return file_sha256(path) if path.suffix.lower() == ".onnx" and path.is_file() else ""


def _shipped_hash(detector: str) -> str:
    """Of the weights that ship with Mien under a detector's name."""
    from mien.weights import MTCNN, YUNET

    files = {"yunet": [YUNET], "mtcnn": sorted(MTCNN.glob("*.onnx"))}.get(detector, [])
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.read_bytes())
    return whole.hexdigest() if files else ""
