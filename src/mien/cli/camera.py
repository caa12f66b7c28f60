"""``mien camera``: the people before a camera and their expressions, live."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.detection import recognizer_options
from mien.cli.support.following import CLASSIFY_EVERY, SMOOTH, follow_options
from mien.cli.support.numbers import Seconds
from mien.cli.support.printing import complain, say
from mien.errors import ConfigError, VideoReadError
from mien.media.camera.events import CameraEvent, Lost

if TYPE_CHECKING:
    from mien.media.camera.reader import Camera
    from mien.sinks.base import Sink

_APPENDED = (".csv", ".jsonl")


@click.command()
@click.argument("source", default="0", metavar="[NUMBER|ADDRESS]")
@click.option(
    "--format", "-f", "format_", type=click.Choice(["csv", "jsonl"]),
    help="Print rows, or write them to --output, in this format.",
)  # fmt: skip
@click.option(
    "--output", "-o", metavar="FILE", help="Write rows to FILE (.csv, .jsonl) as they come."
)
@click.option(
    "--for", "seconds", type=Seconds(), metavar="TIME", help="Stop after 90, 1:30 or 0:01:30."
)
@SMOOTH
@CLASSIFY_EVERY
@click.option("--no-track", is_flag=True, help="Treat each frame on its own, no persons.")
@recognizer_options
@click.option("--quiet", "-q", is_flag=True, help="Print no view, events or closing line.")
@click.pass_context
def command(
    context: click.Context,
    /,
    source: str,
    format_: str | None,
    output: str | None,
    seconds: float | None,
    smooth: float | None,
    classify_every: float,
    no_track: bool,
    quiet: bool,
    max_pixels: int | None,
    **options: Any,
) -> int:
    """Follow the people before a camera, live, with expressions.

    The argument is the number of a webcam (default: 0), or the address of a network camera:
    rtsp://… or http://…, which may hold a user and password. They are never shown. Frames that
    come faster than they can be analysed are dropped and counted, and a connection that breaks is
    made again. Ctrl-C ends the command. Exit status: 0 done, 1 no frame came, 2 usage.
    """
    from mien.cli.support.inputs import check_outputs
    from mien.media.camera.reader import open_camera
    from mien.pipeline import Recognizer

    follow = follow_options(no_track, smooth, classify_every=classify_every)
    form = _format_of(format_, output)
    check_outputs(context, ("output",))
    run = _Run(form, output, quiet, follow)
    camera = open_camera(source, seconds=seconds, on_event=run.on_event, max_pixels=max_pixels)
    recognizer = Recognizer(max_pixels=max_pixels, **options)
    try:
        run.watch(recognizer, camera)
    except KeyboardInterrupt:  # the usual end
        run.close(camera)
        raise
    run.close(camera)
    if not camera.frames:
        raise VideoReadError(f"no frame came from {camera.name} in {seconds:g} s: {run.reason}")
    return 0


def _format_of(format_: str | None, output: str | None) -> str | None:
    """That of the rows; ``None`` where none are wanted. Raises ``ConfigError``."""
    if format_ is not None or output is None:
        return format_
    suffix = PurePath(output).suffix.lower()
    if suffix not in _APPENDED:
        raise ConfigError(
            f"rows of a camera are appended as they come, which {output!r} is not made for: "
            f"give {' or '.join(_APPENDED)}, or --format"
        )
    return suffix[1:]


class _Run:
    """One command: where the results of a camera go."""

    def __init__(
        self, form: str | None, output: str | None, quiet: bool, follow: dict[str, Any]
    ) -> None:
        from mien.cli.support.live_view import LiveView
        from mien.sinks.count import CountSink

        self._form, self._output, self._quiet = form, output, quiet
        self._follow = follow
        self.reason = "check the camera"
        """Why the camera gives no frames, as far as it is known."""
        self._count: CountSink = CountSink("frame")
        rows_are_printed = form is not None and output is None
        self._view = None if quiet or rows_are_printed else LiveView()

    def watch(self, recognizer: Any, camera: Camera) -> None:
        """Analyse the frames until the camera's seconds are over."""
        from mien.sinks.formats import open_sink

        with ExitStack() as stack:
            sinks: list[Sink] = [self._count]
            if self._form is not None:
                sink = open_sink(self._output, self._form, sys.stdout)
                sinks.append(stack.enter_context(sink))
            if self._view is not None:
                stack.enter_context(self._view)
            stack.enter_context(camera)
            for result in recognizer.watch(camera, camera.name, **self._follow):
                for each in sinks:
                    each.write(result)
                if self._view is not None:
                    self._view.show(result, camera.dropped)

    def on_event(self, event: CameraEvent) -> None:
        """Report an event of the connection."""
        if isinstance(event, Lost):
            self.reason = event.reason
        if self._view is not None:
            self._view.event(event)
        elif not self._quiet:
            complain(event)

    def close(self, camera: Camera) -> None:
        """Say what was done."""
        if self._quiet:
            return
        text = f"{self._count.text()}, {camera.dropped:,} dropped"
        if self._output is not None:
            text += f"; rows in {self._output}"
        say(text, err=True)
