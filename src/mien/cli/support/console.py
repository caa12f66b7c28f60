"""Where commands print tables for people."""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def out() -> Console:
    """A console on standard output; in a pipe or file lines are as long as they need to be."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    stream = cast("TextIO", _Unpadded(sys.stdout))
    return Console(file=stream, highlight=False, width=10_000, soft_wrap=True)


class _Unpadded(io.TextIOBase):
    """Drops the spaces with which Rich fills table rows up to the same length."""

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
