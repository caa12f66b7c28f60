"""Where commands print tables for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def out() -> Console:
    """A console on standard output; in a pipe or file lines are as long as they need to be."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 10_000
    return Console(highlight=False, width=width, soft_wrap=not sys.stdout.isatty())


def table(first: str, *others: str) -> Table:
    """An empty table without lines: a column of names, then columns of figures."""
    from rich.table import Table

    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    found.add_column(first)
    for title in others:
        found.add_column(title, justify="right")
    return found
