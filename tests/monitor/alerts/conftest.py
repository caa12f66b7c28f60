from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

DAYS, CHANGED = 40, 30


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log that every test has a copy of."""
    pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
    pytest.importorskip("alembic", reason="needs the 'log' extra")
    from mien.log.opening import create_log
    from mien.log.persons import add_person, give_consent
    from tests.support.log_days import add_days, shares

    path = tmp_path_factory.mktemp("alerts") / "made.db"
    with create_log(path, keep_days={"observations": None, "alerts": None}) as log:
        for name in ("anna", "ben"):
            add_person(log, name)
            give_consent(log, name, name, "a test")
        smiling = shares(DAYS)
        smiling[CHANGED:] = 0.03
        add_days(log, "anna", smiling)
        add_days(log, "ben", np.full(DAYS, 0.3) + shares(DAYS, 0.0, 1))
        # Consent counts from when it was given; the tests look at earlier moments.
        with log.write() as connection:
            connection.exec_driver_sql("UPDATE consents SET given_ms = 0")
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "log.db"))


@pytest.fixture
def log(path: Path) -> Iterator[object]:
    """Anna smiled less from a day on; ben did not."""
    from mien.log.opening import open_log

    with open_log(path) as log:
        yield log


def after_day(number: int, hour: int = 10) -> datetime:
    """The morning after a day, counted from 0."""
    from tests.support.log_days import FIRST

    return (FIRST + timedelta(days=number + 1, hours=hour)).astimezone(UTC)
