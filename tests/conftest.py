from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support import fer2013

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real photos and data sets that lie beside the repository and are not committed."""
    place = REPO.parent / "shared"
    if not (place / "photos").is_dir():
        pytest.skip(f"real data is not there: {place}")
    return place


@pytest.fixture(scope="session")
def fer2013_rows(shared: Path) -> list[fer2013.Row]:
    """Some sixty real pictures of FER2013 in the order of its CSV file."""
    return fer2013.real_rows(shared / "data" / "fer2013.zip")


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
