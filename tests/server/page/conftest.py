from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.support import clips


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A ``Served`` that all tests of the page share: anybody on this machine may analyse."""
    pytest.importorskip("fastapi", reason="the extra 'server' is not installed")
    pytest.importorskip("uvicorn", reason="the extra 'server' is not installed")
    from tests.server.support.served import serving

    with serving(tmp_path_factory.mktemp("house")) as served:
        yield served
        assert served.faults == []


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Debian's chromium, one for all these tests: before its camera a portrait moves a little."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    from tests.server.support.fake_camera import camera_browser

    frames = [np.kron(clips.face(shift), np.ones((2, 2, 1), np.uint8)) for shift in (0, 4, 8, 4)]
    with (
        api.sync_playwright() as playwright,
        camera_browser(playwright.chromium, tmp_path_factory.mktemp("film"), frames) as started,
    ):
        yield started
