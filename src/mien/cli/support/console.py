"""The console on which commands print tables."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO, cast

import rich.console
import rich.table
from rich.text import Text

from mien.cli.support.printing import say
from mien.escaping import for_markup, for_terminal


class _Console(rich.console.Console):
    """Reads neither emoji nor numbers into a text, and leaves a closed pipe to the caller."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, emoji=False, **options)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def out() -> rich.console.Console:
    """A console on standard output; in a pipe or file, lines are neither wrapped nor padded."""
    if sys.stdout.isatty():
        return _Console()
    stream = cast("TextIO", _Unpadded(sys.stdout))
    return _Console(file=stream, width=10_000, soft_wrap=True)


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


class Table(rich.table.Table):
    """A table without lines. Its texts are printed as they are, whatever a file put into them."""

    def __init__(self, *columns: str, gap: int = 2, **options: Any) -> None:
        super().__init__(box=None, pad_edge=False, padding=(0, gap, 0, 0), **options)
        for title in columns:
            self.add_column(title)

    def add_column(self, header: Any = "", *args: Any, **options: Any) -> None:
        """A column whose ``header`` is plain text."""
        super().add_column(plain(header), *args, **options)

    def add_row(self, *cells: Any, **options: Any) -> None:
        """A row whose ``cells`` are plain text."""
        super().add_row(*map(plain, cells), **options)


def plain(text: object) -> Text:
    """What Rich prints as it is."""
    return Text(for_terminal(text))


def table(first: str, *others: str) -> Table:
    """An empty table: a column of names, then columns of figures."""
    found = Table(first)
    for title in others:
        found.add_column(title, justify="right")
    return found


def filled_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A ``table`` with rows."""
    found = table(*columns)
    for cells in rows:
        found.add_row(*cells)
    return found


def facts_table(facts: Iterable[tuple[str, str]]) -> Table:
    """Names and texts, without a header."""
    found = Table("", "", show_header=False)
    for name, text in facts:
        found.add_row(name, text)
    return found


def warn(warning: str) -> None:
    """Print a warning on standard output, where it belongs to the figures above or below it."""
    out().print(f"[bold yellow]warning[/bold yellow]: {for_markup(warning)}")


def print_scores(title: str, warnings: Iterable[str], tables: Iterable[tuple[str, Table]]) -> None:
    """Print what was measured: a title, warnings, and tables, each under its heading, if any."""
    say(*title.split("\n"))
    for warning in warnings:
        say("")
        warn(warning)
    for heading, each in tables:
        say("", *(heading.split("\n") if heading else ()))
        out().print(each)
