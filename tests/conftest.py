from __future__ import annotations

import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import fer2013, postgres, sample

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every command
# that a test stops by it.
signal.signal(signal.SIGINT, signal.default_int_handler)

REPO = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("MIEN_SHARED") or REPO.parent / "shared")
"""Real photos and data sets beside the repository; ``MIEN_SHARED=none`` hides them."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data that is not committed; the test is skipped where it is not there."""
    if not (SHARED / "photos").is_dir():
        pytest.skip(f"real data is not there: {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``shared``, or the same files made of the three portraits that are committed."""
    if (SHARED / "photos").is_dir():
        return SHARED
    return sample.write_tree(tmp_path_factory.mktemp("sample") / "shared")


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the three portraits that are committed, and ``faces.json`` (COCO)."""
    return sample.write_photos(tmp_path_factory.mktemp("photos") / "photos")


@pytest.fixture(scope="session")
def fer2013_rows() -> list[fer2013.Row]:
    """Some sixty faces in the order of FER2013's CSV file: its own, or the committed portraits."""
    path = SHARED / "data" / "fer2013.zip"
    return fer2013.real_rows(path) if path.exists() else sample.rows()


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[..., str]]:
    """A PostgreSQL server: name → address of a new database, empty or a copy of another one."""
    pytest.importorskip("psycopg", reason="needs the 'postgres' extra")
    found = postgres.binaries()
    if found is None:
        pytest.skip(postgres.ABSENT)
    with postgres.server(found) as address:
        yield address


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """A real failing write: the kernel lets this process's files grow to ``size`` bytes only."""

    @contextmanager
    def limit(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium, through Playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not (chromium := shutil.which("chromium")):
        pytest.skip("Debian's chromium is not installed")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()
