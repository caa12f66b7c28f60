"""Tables of videos for people: one row a frame, or one row a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.drawing.colors import color_of
from mien.escaping import for_terminal
from mien.sinks.base import Closing, Image, Target, TextOutput
from mien.sinks.persons import Person, Persons
from mien.sinks.printed import empty_table, print_table
from mien.types import Result

if TYPE_CHECKING:  # rich is imported when a table is printed: start-up must stay fast
    from rich.table import Table
    from rich.text import Text

_ROWS_AT_A_TIME = 500


class FrameTableSink(Closing):
    """One row a frame: its video, time, number and the expressions of its faces.

    A table is printed after every 500 frames, so that memory stays flat.
    """

    def __init__(self, target: Target) -> None:
        """``target``: a path, overwritten, or an open text stream. Raises ``OutputError``."""
        self._output = TextOutput(target)
        self._results: list[Result] = []

    def write(self, result: Result, image: Image | None = None) -> None:
        """Take one frame; ``image`` is ignored. Raises ``OutputError``."""
        self._results.append(result)
        if len(self._results) >= _ROWS_AT_A_TIME:
            self._print()

    def close(self) -> None:
        """Print the remaining rows, then close the file; a given stream stays open."""
        if self._output.is_open and self._results:
            self._print()
        self._output.close()

    def _print(self) -> None:
        results, self._results = self._results, []
        print_table(self._output, lambda ascii_only: _frames(results, ascii_only))


class PersonTableSink(Closing):
    """One row a person, printed on ``close``: when seen, what was shown for how long, what counts.

    For faces that a tracker has numbered; others are left out.
    """

    def __init__(self, target: Target) -> None:
        """``target``: a path, overwritten, or an open text stream. Raises ``OutputError``."""
        self._output = TextOutput(target)
        self._persons = Persons()

    def write(self, result: Result, image: Image | None = None) -> None:
        """Take one frame; ``image`` is ignored."""
        self._persons.add(result)

    def close(self) -> None:
        """Print the table, then close the file; a given stream stays open."""
        if self._output.is_open and (persons := self._persons.all()):
            print_table(self._output, lambda ascii_only: _table_of(persons, ascii_only))
        self._output.close()


def clock(seconds: float) -> str:
    """``1:02:03.4`` or ``2:03.4``."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes:02}" if hours else f"{minutes}"
    return f"{f'{hours}:' if hours else ''}{text}:{rest / 10:04.1f}"


def _frames(results: list[Result], ascii_only: bool) -> Table:
    from rich.text import Text

    table = empty_table(ascii_only)
    table.add_column("Video", overflow="fold", min_width=12)
    for name in ("Time", "Frame", "Faces"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Expressions", overflow="fold")
    for result in results:
        faces = Text(", ").join(
            _named(reading.expression, f" {reading.prob:.0%}") for reading in result
        )
        table.add_row(
            Text(for_terminal(result.source or "")),
            "" if result.time_s is None else clock(result.time_s),
            "" if result.frame_index is None else str(result.frame_index),
            str(len(result)),
            faces if len(result) else Text("no face", "dim"),
        )
    return table


def _table_of(persons: list[Person], ascii_only: bool) -> Table:
    from rich.text import Text

    table = empty_table(ascii_only)
    table.add_column("Video", overflow="fold", min_width=12)
    for name in ("Person", "Seen", "From", "To"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Expressions", overflow="fold")
    table.add_column("Longest stretch", overflow="fold")
    table.add_column("Usable", justify="right", no_wrap=True)
    for person in persons:
        expression, begin, seconds = person.longest
        table.add_row(
            Text(for_terminal(person.source or "")),
            str(person.track_id),
            f"{person.seen_s:.1f} s",
            clock(person.first_s),
            clock(person.last_s),
            Text(", ").join(_named(name, f" {share:.0%}") for name, share in person.shares()),
            _named(expression, f" {seconds:.1f} s from {clock(begin)}"),
            f"{person.usable_share:.0%}",
        )
    return table


def _named(expression: str, rest: str) -> Text:
    from rich.text import Text

    return Text.assemble((for_terminal(expression), color_of(expression)), rest)
