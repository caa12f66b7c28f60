from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.log.database import Log
from mien.log.opening import create_log, open_log
from mien.log.persons import add_person, give_consent

KEEP = {"observations": None, "hours": None}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty log with the consenting persons anna and ben, made once."""
    path = tmp_path_factory.mktemp("log") / "made.db"
    with create_log(path, keep_days=KEEP) as log:
        enrol(log)
    return path


def enrol(log: Log) -> None:
    for name in ("anna", "ben"):
        add_person(log, name)
        give_consent(log, name, f"{name} herself", "a test")


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "log.db"))


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    """Of SQLite."""
    with open_log(path) as log:
        yield log


@pytest.fixture(scope="session")
def made_database(new_database: Callable[..., str]) -> str:
    """``made`` on the server, of which others are copies."""
    name = f"made_{uuid.uuid4().hex[:8]}"
    with create_log(new_database(name), keep_days=KEEP) as log:
        enrol(log)
    return name


@pytest.fixture
def server_log(new_database: Callable[..., str], made_database: str) -> Iterator[Log]:
    """Of PostgreSQL."""
    name = f"log_{uuid.uuid4().hex[:8]}"
    with open_log(new_database(name, made_database)) as log:
        yield log


@pytest.fixture(params=["sqlite", "postgresql"])
def any_log(request: pytest.FixtureRequest) -> Log:
    """Of both databases, one after the other."""
    found: Log = request.getfixturevalue("log" if request.param == "sqlite" else "server_log")
    return found
