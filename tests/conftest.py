from __future__ import annotations

from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real photos and data sets that lie beside the repository and are not committed."""
    place = REPO.parent / "shared"
    if not (place / "photos").is_dir():
        pytest.skip(f"real data is not there: {place}")
    return place
