"""What a log holds, in a few facts that name no person."""

from __future__ import annotations

from typing import Any

from mien.log import audit, pictures, sqlite
from mien.log.database import Log, explained
from mien.log.migrating import version_of
from mien.log.queries import counts, last_window
from mien.log.retention import kept_days
from mien.log.times import iso


def summarise(log: Log) -> dict[str, str | int]:
    """Name → value."""
    facts: dict[str, str | int] = {"log": log.name, "window": f"{log.window_s} s"}
    with log.read() as connection:
        facts["version"] = str(version_of(connection))
        days = kept_days(connection)
        entries, _ = audit.head(connection)
    facts |= counts(log)
    last = last_window(log)
    with explained(log.name):
        facts["last_window"] = "none" if last is None else iso(last)
    for kind, value in days.items():
        facts[f"{kind}_kept"] = "forever" if value is None else f"{value:g} days"
    facts["audit_entries"] = entries
    files, size = pictures.size(log)
    if files:
        facts |= {"picture_files": files, "picture_bytes": size}
    if log.file is not None:
        facts["bytes"] = log.file.stat().st_size
    return facts


def log_facts(log: Log) -> dict[str, Any]:
    """The same for programs: name, kind, numbers of rows, bytes, and for how long it is kept."""
    with log.read() as connection:
        days = kept_days(connection)
    rows = counts(log)
    file = log.file
    return {
        "name": log.name if file is None else file.name,
        "kind": "postgresql" if file is None else "sqlite",
        "persons": rows["persons"], "sessions": rows["sessions"], "rows": rows["observations"],
        "bytes": None if file is None else file.stat().st_size,
        "keep_days": days, "window_s": log.window_s,
        "encrypted": file is not None and sqlite.is_encrypted(log.engine),
    }  # fmt: skip
