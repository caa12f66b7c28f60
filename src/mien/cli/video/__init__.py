"""``mien video``: the people in videos and their expressions."""

from __future__ import annotations

from typing import Any

import click

from mien.cli.support.detection import recognizer_options
from mien.cli.support.following import CLASSIFY_EVERY, SMOOTH, follow_options
from mien.cli.support.numbers import COUNT, Finite, Seconds
from mien.cli.support.printing import say
from mien.errors import ConfigError

_NOT_FOUND = ("sources", "format_", "output", "draw", "summary", "no_pictures", "resume", "quiet")
"""Parameters that do not change what is found in the frames."""


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
@click.option(
    "--summary", metavar="FILE",
    help="Write a page with a timeline of each person to FILE (.html; needs the extra plot).",
)  # fmt: skip
@click.option("--no-pictures", is_flag=True, help="Show no faces on the page of --summary.")
@click.option(
    "--resume", is_flag=True,
    help="Continue a run that was stopped or killed: give the same command again.",
)  # fmt: skip
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
@SMOOTH
@click.option(
    "--offline", is_flag=True,
    help="Average over later frames too, for better answers. Results wait until the video ends.",
)  # fmt: skip
@click.option(
    "--detect-every", type=COUNT, default=1, metavar="N",
    help="Search all of every N-th frame, and between look only where the persons should be: "
    "faster, and who comes is found up to N frames later.",
)  # fmt: skip
@CLASSIFY_EVERY
@click.option(
    "--no-track", is_flag=True, help="Treat each frame on its own: one row a frame, no persons."
)
@recognizer_options
@click.option("--quiet", "-q", is_flag=True, help="Print no progress, notes or closing line.")
@click.pass_context
def command(
    context: click.Context,
    /,
    sources: tuple[str, ...],
    format_: str | None,
    output: str | None,
    draw: str | None,
    summary: str | None,
    no_pictures: bool,
    resume: bool,
    quiet: bool,
    every: int | None,
    fps: float | None,
    start: float | None,
    end: float | None,
    rate: float | None,
    smooth: float | None,
    offline: bool,
    detect_every: int,
    classify_every: float,
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
    from mien.cli.support.command_line import as_typed
    from mien.cli.support.inputs import check_outputs
    from mien.cli.video.run import STDIN, Outputs, Run
    from mien.media.video.choice import Choice
    from mien.pipeline import Recognizer

    follow = follow_options(no_track, smooth, offline, detect_every, classify_every)
    if no_track and summary is not None:
        raise ConfigError("--summary shows persons: leave out --no-track")
    if offline and draw is not None and STDIN in sources:
        raise ConfigError("--offline reads a video twice to draw it: save standard input to a file")
    if no_pictures and summary is None:
        raise ConfigError("--no-pictures is for the page of --summary: give that, or leave it out")
    if resume and STDIN in sources:
        raise ConfigError("--resume reads a video again: save standard input to a file")
    if resume and output is None and draw is None and summary is None:
        raise ConfigError("--resume continues files: give --output, --draw or --summary")
    reading: dict[str, Any] = {"start": start or 0.0, "end": end, "every": every, "fps": fps}
    Choice(**reading)  # wrong values end the command before the networks are loaded
    check_outputs(context, ("output", "draw", "summary"))
    outputs = Outputs(
        format_, output, draw, summary, not no_pictures, as_typed(context, ("resume",))
    )
    request = {name: value for name, value in context.params.items() if name not in _NOT_FOUND}
    run = Run(outputs, quiet, follow)
    found = run.find(sources)
    recognizer = Recognizer(max_pixels=max_pixels, **options)
    run.all(recognizer, found, {**reading, "rate": rate, "max_pixels": max_pixels}, request, resume)
    if not quiet:
        say(run.closing(), err=True)
    return 1 if run.failures else 0
