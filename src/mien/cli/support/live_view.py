"""What is seen now: redrawn on a terminal, a line a second elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mien.cli.support.console import out, plain
from mien.cli.support.printing import complain, say
from mien.drawing.colors import color_of
from mien.escaping import for_terminal
from mien.media.camera.events import CameraEvent, Lost
from mien.sinks.video_table import clock
from mien.types import Reading, Result

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

_REDRAWN_S, _LINE_S = 0.1, 1.0
_RATE_S = 2.0  # over which frames a second are counted
_BAR = 20  # characters
_CONNECTING, _CONNECTED = ("connecting", "yellow"), ("connected", "green")
_LOST = ("not connected", "red")


class LiveView:
    """Two lines about the camera, then one a person, on standard output; in a ``with`` block.

    On a terminal they are redrawn up to ten times a second, with bars. In a pipe or file they are
    one plain line a second.
    """

    def __init__(self) -> None:
        self._live: Live | None = None
        self._times: deque[float] = deque()
        self._shown_at = -_LINE_S
        self._state, self._reason, self._size = _CONNECTING, "", ""
        self._result: Result | None = None
        self._dropped = 0
        self._camera = ""

    def show(self, result: Result, dropped: int) -> None:
        """Take the result of the newest frame, and how many frames were dropped so far."""
        now = time.monotonic()
        self._times.append(now)
        while now - self._times[0] > _RATE_S:
            self._times.popleft()
        self._result, self._dropped = result, dropped
        self._camera = result.source or ""
        self._size = f"{result.width}×{result.height}"
        if now - self._shown_at >= (_LINE_S if self._live is None else _REDRAWN_S):
            self._shown_at = now
            self._draw()

    def event(self, event: CameraEvent) -> None:
        """Take what happened to the connection, and print it: on a terminal above the view."""
        self._camera = event.camera
        if isinstance(event, Lost):
            self._times.clear()
            self._result, self._state, self._reason = None, _LOST, event.reason
        else:
            self._state, self._reason = _CONNECTED, ""
        if self._live is None:
            complain(event)
        else:
            self._live.console.print(plain(f"mien: {event}"))
            self._draw()

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(self._page(self._live.console.options.ascii_only), refresh=True)
        elif self._result is not None:
            say(self._line(self._result))

    def _figures(self) -> str:
        """Results a second, where they are known, and dropped frames."""
        text = f"{self._dropped:,} dropped"
        if len(self._times) > 1:
            rate = (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-6)
            text = f"{rate:.0f} frames a second, {text}"
        return text

    def _line(self, result: Result) -> str:
        faces = ", ".join(f"{_who(reading)}{_said(reading)}" for reading in result)
        return f"{clock(result.time_s or 0.0)}  {self._figures()}: {faces or 'no face'}"

    def _page(self, ascii_only: bool) -> Group:
        from rich.console import Group

        return Group(*self._head(), *self._persons(ascii_only))

    def _head(self) -> Iterator[Text]:
        """The connection and the camera; then what comes from it, or why nothing does."""
        yield _one_line(self._state, "  ", (for_terminal(self._camera), "bold"))
        if self._reason:
            yield _one_line(for_terminal(self._reason))
        elif self._result is not None:
            time_s = clock(self._result.time_s or 0.0)
            yield _one_line((f"{time_s}  {self._size}  {self._figures()}", "dim"))

    def _persons(self, ascii_only: bool) -> Iterator[Text]:
        if self._result is not None:
            for reading in self._result:
                yield _person(reading, ascii_only)
            if not len(self._result):
                yield _one_line(("     no face", "dim"))

    def __enter__(self) -> Self:
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(
                console=out(), auto_refresh=False, redirect_stdout=False,
                redirect_stderr=False, vertical_overflow="crop",
            )  # fmt: skip
            self._live.__enter__()
            self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            live.__exit__(kind, error, trace)


def _who(reading: Reading) -> str:
    number = reading.face.track_id
    return "" if number is None else f"{number} "


def _said(reading: Reading) -> str:
    return f"{reading.expression} {reading.prob:.0%}"


def _person(reading: Reading, ascii_only: bool) -> Text:
    """Number, expression, bar and probability, then the next expressions."""
    names = reading.emotions.ranked()
    width = max(len(for_terminal(name)) for name, _ in names)
    full = round(reading.prob * _BAR)
    mark, rest = "#." if ascii_only else "█░"
    color = color_of(reading.expression)
    others = [f"{name} {prob:.0%}" for name, prob in names if name != reading.expression][:2]
    return _one_line(
        f"{_who(reading):>4}",
        (f"{for_terminal(reading.expression):<{width}}  ", color),
        (mark * full, color),
        (rest * (_BAR - full), "dim"),
        f"  {reading.prob:>4.0%}  ",
        (for_terminal("  ".join(others)), "dim"),
    )


def _one_line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")
