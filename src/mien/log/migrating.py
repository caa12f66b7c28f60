"""Brings the tables of a log to this version, by named Alembic revisions."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, inspect, select, table

from mien.errors import LogError
from mien.log import alert_tables  # noqa: F401 - they belong to the schema
from mien.log.schema import VERSION_TABLE

_FOLDER = Path(__file__).parent / "migrations"


def versions() -> list[str]:
    """The names of all versions, the first one first."""
    script = ScriptDirectory.from_config(_config())
    return [revision.revision for revision in script.walk_revisions()][::-1]


def version_of(connection: Connection) -> str | None:
    """The version of a database; ``None`` if it is no log."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(
        select(column("version_num")).select_from(table(VERSION_TABLE))
    ).scalar()
    return found


def upgrade(connection: Connection, version: str = "head") -> None:
    """Make the tables, or change those of an earlier version, within the open transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, version)


def check_version(name: str, version: str | None) -> bool:
    """Whether the log ``name`` is of this version; ``False`` for an earlier one.

    Raises ``LogError`` for another database, and for a version that this Mien does not know.
    """
    if version is None:
        raise LogError(f"{name} is another database, not a log: make one with 'mien log create'")
    known = versions()
    if version not in known:
        raise LogError(
            f"{name} has the version {version!r}, and this Mien knows {', '.join(known)}: "
            "use the newer Mien that made it"
        )
    return version == known[-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
