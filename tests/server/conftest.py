from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """``serving`` of tests.server.support.served, ended with the test: ``served(tokens=True)``."""
    pytest.importorskip("fastapi", reason="the extra 'server' is not installed")
    pytest.importorskip("uvicorn", reason="the extra 'server' is not installed")
    from tests.server.support.served import Served, serving

    with ExitStack() as stack:

        def start(**options: Any) -> Served:
            return stack.enter_context(serving(tmp_path, **options))

        yield start
