from __future__ import annotations

from typing import Any

import pytest

from mien.cli.support.following import follow_options
from mien.errors import ConfigError
from mien.tracking.smoothing import TIME_CONSTANT_S


def test_what_was_typed_becomes_arguments_of_watch() -> None:
    both = {"offline": False, "detect_every": 1, "classify_every": 0.0}
    assert follow_options(False, None) == {"track": True, "smooth": TIME_CONSTANT_S, **both}
    assert follow_options(False, 0.0) == {"track": True, "smooth": 0.0, **both}
    assert follow_options(True, None)["track"] is False


@pytest.mark.parametrize("typed", [
    {"no_track": True, "smooth": 1.0}, {"no_track": True, "smooth": None, "offline": True},
    {"no_track": True, "smooth": None, "detect_every": 2},
    {"no_track": True, "smooth": None, "classify_every": 0.1},
    {"no_track": False, "smooth": 0.0, "offline": True},
])  # fmt: skip
def test_options_that_do_not_go_together(typed: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="leave out"):
        follow_options(**typed)
