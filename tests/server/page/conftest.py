from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A ``Served`` that all tests of the page share: anybody on this machine may analyse."""
    pytest.importorskip("fastapi", reason="the extra 'server' is not installed")
    pytest.importorskip("uvicorn", reason="the extra 'server' is not installed")
    from tests.server.support.served import serving

    with serving(tmp_path_factory.mktemp("house")) as served:
        yield served
        assert served.faults == []
