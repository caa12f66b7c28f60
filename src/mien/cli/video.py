"""``mien video``: the people in videos and their expressions."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.detection import (
    DETECTOR,
    DETECTOR_OPTION,
    MAX_PIXELS,
    MIN_CONFIDENCE,
    MIN_FACE_SIZE,
    MODEL,
    THREADS_OF_NETWORKS,
    TRY_ROTATIONS,
)
from mien.cli.support.device import DEVICE
from mien.cli.support.numbers import COUNT, Finite, Seconds
from mien.cli.support.printing import complain, say
from mien.errors import ConfigError, InputError, MienError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mien.media.video.reader import Frame, Video
    from mien.pipeline import Recognizer
    from mien.sinks.base import Sink
    from mien.sinks.count import CountSink
    from mien.sinks.video import VideoSink

STDIN = "-"


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE…")
@click.option(
    "--format", "-f", "format_",
    type=click.Choice(["table", "json", "jsonl", "csv", "parquet"]),
    help="Format of the results (default: by the suffix of --output, else a table).",
)  # fmt: skip
@click.option(
    "--output", "-o", metavar="FILE",
    help="Write results to FILE (.csv, .json, .jsonl, .parquet, .txt), not to standard output.",
)  # fmt: skip
@click.option("--draw", metavar="FILE", help="Write the annotated video to FILE (.mp4, .webm).")
@click.option("--every", type=COUNT, metavar="N", help="Analyse every N-th frame.")
@click.option(
    "--fps",
    type=Finite(min=0, min_open=True),
    metavar="F",
    help="Analyse at most F frames a second.",
)
@click.option(
    "--from", "start", type=Seconds(), metavar="TIME", help="Start at 90, 1:30 or 0:01:30."
)
@click.option("--to", "end", type=Seconds(), metavar="TIME", help="End before this time.")
@click.option(
    "--rate", type=Finite(min=0, max=1000, min_open=True), metavar="R",
    help="Frames a second of pictures without times, such as a folder of them (default: 25).",
)  # fmt: skip
@click.option(
    "--smooth", type=Finite(min=0), metavar="SECONDS",
    help="Average the answers about a person over SECONDS; 0: not at all (default: 0.1).",
)  # fmt: skip
@click.option(
    "--offline", is_flag=True,
    help="Average over later frames too, for better answers. Results wait until the video ends.",
)  # fmt: skip
@click.option(
    "--no-track", is_flag=True, help="Treat each frame on its own: one row a frame, no persons."
)
@MIN_FACE_SIZE
@MIN_CONFIDENCE
@MODEL
@DETECTOR
@DETECTOR_OPTION
@MAX_PIXELS
@TRY_ROTATIONS
@THREADS_OF_NETWORKS
@DEVICE
@click.option("--quiet", "-q", is_flag=True, help="Print no progress, notes or closing line.")
@click.pass_context
def command(
    context: click.Context,
    /,
    sources: tuple[str, ...],
    format_: str | None,
    output: str | None,
    draw: str | None,
    quiet: bool,
    every: int | None,
    fps: float | None,
    start: float | None,
    end: float | None,
    rate: float | None,
    smooth: float | None,
    offline: bool,
    no_track: bool,
    max_pixels: int | None,
    **options: Any,
) -> int:
    """Follow people in videos and name their expressions.

    The table has a row for each person; other formats have one for each face of each frame.

    SOURCE is a video file, a folder of videos, a folder of numbered pictures, a pattern such as
    'frames/%04d.png', or - for a video on standard input. Times are those that the file gives its
    frames. A video that is damaged gives all frames that can be decoded and one line that says so.
    Exit status: 0 all read and written, 1 some failed, 2 usage.
    """
    from mien.cli.support.inputs import check_outputs
    from mien.media.video.choice import Choice
    from mien.pipeline import Recognizer
    from mien.tracking.smoothing import TIME_CONSTANT_S

    if no_track and (smooth or offline):
        name = "--offline" if offline else "--smooth"
        raise ConfigError(f"{name} averages the answers about a person: leave out --no-track")
    if offline and smooth == 0:
        raise ConfigError("--offline averages over time, and --smooth is 0: leave out one of them")
    if offline and draw is not None:
        raise ConfigError("--offline keeps no frames to draw: leave out --draw or --offline")
    reading: dict[str, Any] = {"start": start or 0.0, "end": end, "every": every, "fps": fps}
    Choice(**reading)  # wrong values end the command before the networks are loaded
    check_outputs(context, ("output", "draw"))
    follow = {
        "track": not no_track, "smooth": TIME_CONSTANT_S if smooth is None else smooth,
        "offline": offline,
    }  # fmt: skip
    run = _Run(format_, output, draw, quiet, follow)
    found = run.find(sources)
    recognizer = Recognizer(max_pixels=max_pixels, **options)
    run.all(recognizer, found, {**reading, "rate": rate, "max_pixels": max_pixels})
    if not quiet:
        say(run.closing(), err=True)
    return 1 if run.failures else 0


class _Run:
    """The videos of one command, one after the other."""

    def __init__(
        self, format_: str | None, output: str | None, draw: str | None, quiet: bool,
        follow: dict[str, Any],
    ) -> None:  # fmt: skip
        from mien.sinks.count import CountSink

        self._format, self._output, self._draw, self._quiet = format_, output, draw, quiet
        self._follow = follow
        self._count: CountSink = CountSink("frame")
        self._drawn: VideoSink | None = None
        self._stack = ExitStack()
        self.failures = 0

    def find(self, sources: tuple[str, ...]) -> list[str]:
        """The videos behind ``sources``. Raises ``ConfigError`` for several that are drawn."""
        from mien.media.video.sources import expand_videos
        from mien.overwriting import kept_apart

        found = list(expand_videos(sources, self._fail))
        files = [source for source in found if source != STDIN]
        for _ in kept_apart(files, (self._output, self._draw)):
            pass
        if self._draw is not None and len(found) > 1:
            raise ConfigError(f"--draw writes one video, and {len(found)} are given: give one")
        return found

    def all(self, recognizer: Recognizer, found: list[str], reading: dict[str, Any]) -> None:
        """Analyse every video. One that fails is reported, and the next follows."""
        from mien.media.video.reader import open_video
        from mien.media.video.writer import check_video_path
        from mien.sinks.formats import open_sink
        from mien.sinks.video_table import FrameTableSink, PersonTableSink

        if self._draw is not None:
            from pathlib import Path

            check_video_path(Path(self._draw))
        with self._stack as stack:
            table = PersonTableSink if self._follow["track"] else FrameTableSink
            sink = open_sink(self._output, self._format, sys.stdout, table=table)
            stack.enter_context(sink)
            for number, source in enumerate(found, start=1):
                try:
                    video = open_video(
                        sys.stdin.buffer if source == STDIN else source,
                        on_error=lambda _, error: self._fail(error), on_note=self._note, **reading,
                    )  # fmt: skip
                except InputError as error:
                    self._fail(error)
                    continue
                of = f" ({number} of {len(found)})" if len(found) > 1 else ""
                self._one(recognizer, video, sink, of)

    def _one(self, recognizer: Recognizer, video: Video, sink: Sink, of: str) -> None:
        from mien.cli.support.progress import meter

        sinks: list[Sink] = [self._count, sink]
        if self._draw is not None:
            from mien.sinks.video import VideoSink

            self._drawn = VideoSink(self._draw, video.shown_rate, sound=video.file)
            sinks.append(self._stack.enter_context(self._drawn))
        # Lines printed on the same terminal already show progress.
        scrolling = self._format not in (None, "table") and self._output is None
        hidden = self._quiet or (scrolling and sys.stdout.isatty())
        total = video.expected
        with meter(total, f"frames{of}", hidden=hidden, rate=True) as update:
            frames = video if update is None else _counted(video, total, update)
            for result in recognizer.watch(frames, video.name, **self._follow):
                image = result.remembered()
                for each in sinks:
                    each.write(result, image)

    def _fail(self, error: MienError) -> None:
        self.failures += 1
        complain(error)

    def _note(self, note: str) -> None:
        if not self._quiet:
            complain(note)

    def closing(self) -> str:
        """What was done, how fast, and where it is."""
        text = self._count.text(self.failures)
        if self._count.pictures:
            text += f" ({self._count.pictures / self._count.seconds():,.0f} frames a second)"
        if self._output is not None:
            text += f"; results in {self._output}"
        if self._drawn is not None and self._drawn.description:
            text += f"; video in {self._draw}: {self._drawn.description}"
        return text


def _counted(
    video: Video, total: int | None, update: Callable[[int, int | None], None]
) -> Iterator[Frame]:
    """The frames of ``video``, each counted when it is analysed."""
    for number, frame in enumerate(video, start=1):
        yield frame
        update(number, total)
