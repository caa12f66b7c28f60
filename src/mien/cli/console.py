"""Where commands print tables for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def out() -> Console:
    """A console on standard output; in a pipe or file lines are as long as they need to be."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 10_000
    return Console(highlight=False, width=width, soft_wrap=not sys.stdout.isatty())
