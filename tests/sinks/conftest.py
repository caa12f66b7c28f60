from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.types import Result
from tests.support.results import make_reading, make_result


@pytest.fixture
def image() -> np.ndarray:
    """RGB noise of the size that ``make_result`` claims: (80, 100, 3)."""
    return np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8)


@pytest.fixture
def results() -> list[Result]:
    """Two faces, none, one."""
    return [
        make_result(make_reading(), make_reading("anger", 0.5, (50, 10, 90, 70))),
        make_result(source="empty.png"),
        make_result(make_reading("neutral", 0.4), source="grüße/ż \udcfc.jpg"),
    ]


@pytest.fixture
def full_device() -> Path:
    path = Path("/dev/full")
    if not path.exists():
        pytest.skip("no /dev/full on this system")
    return path
