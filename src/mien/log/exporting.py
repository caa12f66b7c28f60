"""What the log holds of a person, as rows: the person's right, and for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from os import PathLike
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import Connection, Float, Table, select

from mien.errors import ConfigError, did_you_mean
from mien.escaping import for_json
from mien.extras import require_extra
from mien.files import check_writable
from mien.log import audit, pictures
from mien.log.alert_tables import ALERTS, MESSAGES
from mien.log.database import Log
from mien.log.persons import Person, find_person
from mien.log.private import private
from mien.log.schema import (
    CONSENTS,
    GAPS,
    HOURS,
    OBSERVATIONS,
    READINGS,
    SESSION_PERSONS,
    SESSIONS,
    SETUPS,
    Scaled,
)
from mien.log.times import iso
from mien.sinks.base import Target, TextOutput
from mien.sinks.parquet import write_table
from mien.sinks.rows import CsvRows

KINDS = (
    "observations",
    "hours",
    "readings",
    "sessions",
    "gaps",
    "consents",
    "alerts",
    "messages",
    "audit",
)
"""What can be exported of a person."""
SUFFIXES = (".csv", ".jsonl", ".parquet")
_AT_A_TIME = 5000


def export(
    log: Log, pseudonym: str, output: Target, form: str,
    kinds: tuple[str, ...] = (),
) -> int:  # fmt: skip
    """Write what the log holds of a person; the number of rows.

    ``form``: ``csv`` and ``parquet`` hold one of ``KINDS``, observations by default; ``jsonl``
    several, all by default, with its name in each row. The export is noted in the audit trail.
    Raises ``InputError``, ``ConfigError``, ``OutputError`` and ``MissingExtraError``.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ConfigError(f"no kind of rows {kind!r}: {did_you_mean(kind, KINDS, 'kinds')}")
    wanted = kinds or (KINDS if form == "jsonl" else ("observations",))
    if form != "jsonl" and len(wanted) > 1:
        raise ConfigError(f"a table of {form} holds one kind of rows: give one, or use .jsonl")
    if form == "parquet":
        require_extra("tables", "a Parquet file")
    path = Path(output) if isinstance(output, str | PathLike) else None
    if path is not None:
        check_writable(path)  # an export that cannot begin is no copy
    with log.write() as connection:
        person = find_person(connection, pseudonym)
        audit.add(connection, "export", {"kinds": list(wanted), "form": form}, person.token)
    with log.read() as connection:
        rows = (
            {"table": kind, **row} if form == "jsonl" else row
            for kind in wanted
            for row in rows_of(connection, person, kind)
        )
        with private(path):
            return _WRITERS[form](output, rows, wanted[0])


def export_pictures(log: Log, pseudonym: str, folder: str) -> int:
    """Copy the kept pictures of a person into a new folder; the number of files.

    The audit trail notes it as an export. Raises ``InputError`` for an unknown person, and
    ``OutputError``.
    """
    with log.read() as connection:
        person = find_person(connection, pseudonym)
    pictures.folder_of(log)
    count = pictures.copy(log, person.id, Path(folder))
    with log.write() as connection:
        audit.add(connection, "export", {"kinds": ["pictures"], "form": "zip"}, person.token)
    return count


def form_of(output: str) -> str:
    """The format that a file's suffix names. Raises ``ConfigError``."""
    suffix = PurePath(output).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(
            f"no format of rows is known by the suffix of {output!r}: give {', '.join(SUFFIXES)}"
        )
    return suffix[1:]


def rows_of(connection: Connection, person: Person, kind: str) -> Iterator[dict[str, Any]]:
    """The rows of a kind, flat and in the order of time, without numbers of tables."""
    if kind == "audit":
        for entry in audit.entries(connection, person.token):
            details = json.dumps(dict(entry.details))
            yield {
                "time": iso(entry.time_ms), "actor": entry.actor, "action": entry.action,
                "details": details,
            }  # fmt: skip
        return
    for row in connection.execution_options(yield_per=_AT_A_TIME).execute(_query(person, kind)):
        yield shown_row(row._asdict())


_TABLES = {
    "observations": OBSERVATIONS, "hours": HOURS, "readings": READINGS, "consents": CONSENTS,
    "sessions": SESSIONS, "gaps": GAPS, "alerts": ALERTS, "messages": MESSAGES,
}  # fmt: skip


def _query(person: Person, kind: str) -> Any:
    table = _TABLES[kind]
    if kind in ("sessions", "gaps"):
        session = SESSIONS.c.id if kind == "sessions" else GAPS.c.session_id
        query = select(table, *([SETUPS] if kind == "sessions" else ())).join(
            SESSION_PERSONS, SESSION_PERSONS.c.session_id == session
        )
        if kind == "sessions":
            query = query.join(SETUPS, SETUPS.c.id == SESSIONS.c.setup_id)
        return query.where(SESSION_PERSONS.c.person_id == person.id).order_by(table.c.start_ms)
    return select(table).where(table.c.person_id == person.id).order_by(*_order(table))


def _order(table: Table) -> list[Any]:
    return [column for column in table.primary_key.columns if column.name != "person_id"]


_INNER = ("id", "id_1", "person_id", "setup_id", "digest")


def shown_row(row: dict[str, Any]) -> dict[str, Any]:
    """Times as text with their offset, in place of milliseconds."""
    offset = row.pop("offset_min", 0)
    found = {}
    for name, value in row.items():
        if name in _INNER:
            continue
        if name.endswith("_ms"):
            found[name.removesuffix("_ms")] = None if value is None else iso(value, offset)
        elif name == "day":
            found[name] = (date(1970, 1, 1) + timedelta(days=value)).isoformat()
        else:
            found[name] = value
    return found


def columns_of(kind: str) -> dict[str, type]:
    """Column → ``str``, ``int`` or ``float``, as ``rows_of`` gives them."""
    if kind == "audit":
        return dict.fromkeys(("time", "actor", "action", "details"), str)
    tables = (SESSIONS, SETUPS) if kind == "sessions" else (_TABLES[kind],)
    found: dict[str, type] = {}
    for column in (column for table in tables for column in table.columns):
        name = column.name
        if name in (*_INNER, "offset_min"):
            continue
        if name.endswith("_ms") or name == "day":
            found[name.removesuffix("_ms")] = str
        else:
            is_float = isinstance(column.type, Scaled | Float)
            found[name] = float if is_float else column.type.python_type
    return found


def _write_csv(output: Any, rows: Iterator[dict[str, Any]], kind: str) -> int:
    count = 0
    with CsvRows(output) as table:
        for count, row in enumerate(rows, start=1):  # noqa: B007
            table.write(row)
        table.close(columns_of(kind))
    return count


def _write_jsonl(output: Any, rows: Iterator[dict[str, Any]], kind: str) -> int:
    count = 0
    with TextOutput(output) as text:
        for count, row in enumerate(rows, start=1):  # noqa: B007
            text.write(for_json(json.dumps(row, ensure_ascii=not text.is_unicode)) + "\n")
    return count


def _write_parquet(output: Any, rows: Iterator[dict[str, Any]], kind: str) -> int:
    return write_table(output, rows, columns_of(kind))


_WRITERS = {"csv": _write_csv, "jsonl": _write_jsonl, "parquet": _write_parquet}
