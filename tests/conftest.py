from __future__ import annotations

from pathlib import Path

import pytest

import fer2013

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
