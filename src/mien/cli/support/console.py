"""The console on which commands print tables."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def out() -> Console:
    """A console on standard output; in a pipe or file, lines are neither wrapped nor padded."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    stream = cast("TextIO", _Unpadded(sys.stdout))
    return Console(file=stream, highlight=False, width=10_000, soft_wrap=True)


class _Unpadded(io.TextIOBase):
    """Drops the trailing spaces with which Rich pads the rows of a table."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def write(self, text: str) -> int:
        return self._stream.write(re.sub(r" +$", "", text, flags=re.MULTILINE))

    def flush(self) -> None:
        self._stream.flush()


def table(first: str, *others: str) -> Table:
    """An empty table without lines: a column of names, then columns of figures."""
    from rich.table import Table

    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    found.add_column(first)
    for title in others:
        found.add_column(title, justify="right")
    return found


def filled_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A ``table`` with rows of plain text."""
    from rich.markup import escape

    found = table(*columns)
    for cells in rows:
        found.add_row(*map(escape, cells))
    return found


def facts_table(facts: Iterable[tuple[str, str]]) -> Table:
    """Names and texts, without a header."""
    from rich.markup import escape
    from rich.table import Table

    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name, text in facts:
        found.add_row(name, escape(text))
    return found


def print_scores(title: str, warnings: Iterable[str], tables: Iterable[tuple[str, Table]]) -> None:
    """Print what was measured: a title, warnings, and tables, each under its heading, if any."""
    from rich.markup import escape

    console = out()
    console.print(title, markup=False)
    for warning in warnings:
        console.print(f"\n[bold yellow]warning[/bold yellow]: {escape(warning)}")
    for heading, each in tables:
        console.print(f"\n{heading}" if heading else "", markup=False)
        console.print(each)
