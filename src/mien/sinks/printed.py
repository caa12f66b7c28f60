"""How tables for people are printed."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, cast

from mien.sinks.base import TextOutput

if TYPE_CHECKING:  # rich is imported when a table is printed: start-up must stay fast
    from typing import TextIO

    from rich.table import Table

_ENDLESS = 1_000_000  # columns


def print_table(output: TextOutput, table: Callable[[bool], Table]) -> None:
    """Print a table; ``table`` makes it, given whether the output knows ASCII alone.

    On a terminal it has colours and wraps; else lines are plain and of any length. Raises
    ``OutputError``.
    """
    from rich.console import Console

    # Rich finds out what the stream supports, but prints into a string: TextOutput writes it
    # and handles the errors.
    stream = Console(file=cast("TextIO", output.stream))
    page = StringIO()
    paper = Console(
        file=page,
        width=stream.width if stream.is_terminal else _ENDLESS,
        force_terminal=stream.is_terminal,
        color_system="auto" if stream.color_system else None,
        legacy_windows=False,
    )
    paper.print(table(stream.options.ascii_only))
    lines = (line.rstrip() for line in page.getvalue().splitlines())
    for line in filter(None, lines):
        output.write(f"{line}\n")


def empty_table(ascii_only: bool) -> Table:
    """A table without columns, in the style of all sinks."""
    from rich import box
    from rich.table import Table

    return Table(
        box=box.ASCII if ascii_only else box.SIMPLE_HEAD,
        header_style="bold",
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
