"""A table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.drawing.colors import color_of
from mien.escaping import for_terminal
from mien.sinks.base import Closing, Image, Target, TextOutput
from mien.sinks.printed import empty_table, print_table
from mien.types import Reading, Result

if TYPE_CHECKING:  # rich is imported when a table is printed: start-up must stay fast
    from rich.table import Table
    from rich.text import Text

_BAR = 10  # characters
_EIGHTHS = " ▏▎▍▌▋▊▉"
_ROWS_AT_A_TIME = 500


class TableSink(Closing):
    """Collects one row per face, or "no face" for a picture, and prints a table on ``close``.

    On a terminal the table has colours and wraps long cells; a pipe or a file gets plain lines of
    any length. A table is printed after every 500 rows, so that memory stays flat in a long run.
    """

    def __init__(self, target: Target) -> None:
        """``target``: a path, overwritten, or an open text stream. Raises ``OutputError``."""
        self._output = TextOutput(target)
        self._rows: list[tuple[str, int, Reading | None]] = []

    def write(self, result: Result, image: Image | None = None) -> None:
        """Take the rows of one picture; ``image`` is ignored. Raises ``OutputError``."""
        name = _name(result)
        readings: list[Reading | None] = list(result.readings) or [None]
        self._rows += [(name, index, reading) for index, reading in enumerate(readings)]
        if len(self._rows) >= _ROWS_AT_A_TIME:
            self._print()

    def close(self) -> None:
        """Print the remaining rows, then close the file; a given stream stays open."""
        if self._output.is_open and self._rows:
            self._print()
        self._output.close()

    def _print(self) -> None:
        rows, self._rows = self._rows, []
        print_table(self._output, lambda ascii_only: _table(rows, ascii_only=ascii_only))


def _table(rows: list[tuple[str, int, Reading | None]], ascii_only: bool) -> Table:
    from rich.text import Text

    table = empty_table(ascii_only)
    table.add_column("Picture", overflow="fold", min_width=12)
    table.add_column("Face", justify="right", no_wrap=True)
    table.add_column("Expression", no_wrap=True)
    table.add_column("Probability", no_wrap=True)
    affect = any(reading is not None and reading.affect() for _, _, reading in rows)
    for name in ("Valence", "Arousal") if affect else ():
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Score", justify="right", no_wrap=True)
    table.add_column("x1, y1, x2, y2", overflow="fold")
    for name, index, reading in rows:
        if reading is None:
            table.add_row(Text(name), "", Text("no face", "dim"))
            continue
        table.add_row(
            Text(name),
            str(index),
            _expression(reading),
            _bar(reading, ascii_only),
            *(_signed(v) for v in (reading.valence, reading.arousal) if affect),
            f"{reading.face.score:.2f}",
            ", ".join(f"{value:.0f}" for value in reading.face.box.to_list()),
        )
    return table


def _expression(reading: Reading) -> Text:
    from rich.text import Text

    note = (" (small face)", "dim") if reading.small else ""
    return Text.assemble((for_terminal(reading.expression), "bold"), note)


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def _bar(reading: Reading, ascii_only: bool) -> Text:
    """``███▌        35%``: the bar is always ``_BAR`` characters wide."""
    from rich.text import Text

    prob = reading.prob
    if ascii_only:
        bar = "#" * round(prob * _BAR)
    else:
        full, eighths = divmod(round(prob * _BAR * 8), 8)
        bar = "█" * full + _EIGHTHS[eighths].strip()
    return Text.assemble((bar.ljust(_BAR), color_of(reading.expression)), f" {prob:4.0%}")


def _name(result: Result) -> str:
    """The picture's name, in a video with its frame; unprintable characters are escaped."""
    name = "" if result.source is None else result.source
    frame = "" if result.frame_index is None else f" #{result.frame_index}"
    return for_terminal(name) + frame
