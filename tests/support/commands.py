"""The command line, run in this process: importing PyTorch anew would take seconds."""

from __future__ import annotations

import pytest

from mien.cli.app import main


def mien(*args: object) -> int:
    """Exit status of ``mien`` with these arguments."""
    with pytest.raises(SystemExit) as done:
        main([str(arg) for arg in args])
    assert isinstance(done.value.code, int)
    return done.value.code
