"""``mien analyze``: faces and expressions of pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.detection import recognizer_options
from mien.cli.support.printing import complain, say
from mien.errors import MienError, PictureOutputError

if TYPE_CHECKING:
    from mien.pipeline import Recognizer
    from mien.sinks.base import Image, Sink
    from mien.sinks.count import CountSink
    from mien.types import Result


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option("--recursive", "-r", is_flag=True, help="Include subfolders.")
@click.option(
    "--format", "-f", "format_",
    type=click.Choice(["table", "json", "jsonl", "csv", "parquet"]),
    help="Format of the results (default: by the suffix of --output, else a table).",
)  # fmt: skip
@click.option(
    "--output", "-o", metavar="FILE",
    help="Write results to FILE (.csv, .json, .jsonl, .parquet, .txt), not to standard output.",
)  # fmt: skip
@click.option(
    "--draw", metavar="DIR", help="Save annotated copies in DIR, in the subfolders of a folder."
)
@click.option(
    "--crops", metavar="DIR",
    help="Save each face in DIR, in the subfolders of a folder, with a table crops.csv.",
)  # fmt: skip
@recognizer_options
@click.option(
    "--allow-private", is_flag=True, default=None,
    help="Fetch addresses on this machine and in private networks too.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N",
    help="Processes, each with one thread: for folders of many pictures.",
)  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Print no progress and no closing line.")
@click.option("--verbose", "-v", is_flag=True, help="Print a line for every picture.")
@click.pass_context
def command(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    recursive: bool,
    format_: str | None,
    output: str | None,
    draw: str | None,
    crops: str | None,
    workers: int,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Find faces in pictures and name their expressions.

    PATH is a picture, a folder, a quoted glob such as 'photos/*.jpg', an address (https://…), or -
    for a list of paths on standard input, one per line. A picture that cannot be read is reported
    on one line and skipped; a last line counts pictures, faces and failures.
    Exit status: 0 all read and written, 1 some failed or left out, 2 usage.
    """
    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.progress import meter
    from mien.media.inputs import STDIN, expand, roots_of
    from mien.overwriting import kept_apart
    from mien.pipeline import Recognizer
    from mien.sinks.count import CountSink
    from mien.workers import stream

    outputs, roots = (output, draw, crops), roots_of(paths)
    check_outputs(context, ("output", "draw", "crops"))
    failed = _Failures()
    recognizer = Recognizer(**options)
    if any(map(os.path.exists, filter(None, outputs))):  # something could be overwritten
        listed = [path for path in paths if path != STDIN]  # what is listed there may never end
        found = expand(listed, recursive=recursive, on_error=_ignore)
        for _ in kept_apart(found, outputs, roots):
            pass
    sources: Any = expand(
        paths, recursive=recursive, on_error=failed.report, on_clutter=failed.add_hidden
    )
    sources = kept_apart(sources, outputs, roots)
    count = CountSink()
    total = None
    with ExitStack() as stack:
        sinks = [count, *map(stack.enter_context, _sinks(format_, output, draw, crops, roots))]
        if sys.stderr.isatty() and STDIN not in paths:
            sources = list(sources)  # a bar needs their number; names take little memory
            total = len(sources)
        # Lines printed on the same terminal already show progress.
        scrolling = format_ not in (None, "table") and output is None and sys.stdout.isatty()
        if verbose:
            say(*_facts(recognizer), err=True)
        answers: Iterator[tuple[Result, Image | None]]
        pictures = draw is not None or crops is not None
        if workers > 1:
            answers = stream(sources, failed.picture, workers=workers, pictures=pictures, **options)
        elif pictures:
            answers = recognizer.stream(sources, failed.picture)
        else:  # large photos need not be decoded whole
            answers = ((result, None) for result in recognizer.images(sources, failed.picture))
        hidden = scrolling or quiet or verbose
        with meter(total, hidden=hidden or total == 1, rate=True) as update:
            for result, image in answers:
                if verbose:
                    say(_line(result), err=True)
                for sink in sinks:
                    try:
                        sink.write(result, image)
                    except PictureOutputError as error:
                        failed.report(error)
                if update:
                    update(count.pictures + failed.unread, total)
    if not quiet:
        say(_closing(count, failed, output, draw, crops), err=True)
    return 1 if failed.count else 0


def _ignore(_: MienError) -> None:
    """It is reported when the pictures are read."""


class _Failures:
    """Reports pictures that cannot be read, one line each, and counts them."""

    def __init__(self) -> None:
        self.count = self.unread = self.hidden = 0

    def report(self, error: MienError) -> None:
        self.count += 1
        complain(error)

    def picture(self, name: str, error: MienError) -> None:
        self.unread += 1
        self.report(error)

    def add_hidden(self, number: int) -> None:
        self.hidden = number


def _sinks(
    format_: str | None, output: str | None, draw: str | None, crops: str | None, roots: list[str]
) -> Iterator[Sink]:
    from mien import sinks
    from mien.sinks.formats import open_sink

    yield open_sink(output, format_, sys.stdout)
    if draw is not None:
        yield sinks.DrawSink(draw, on_note=complain, roots=roots)
    if crops is not None:
        yield sinks.CropsSink(crops, on_note=complain, roots=roots)


def _facts(recognizer: Recognizer) -> Iterator[str]:
    """What finds and reads the faces."""
    facts, spec = recognizer.detector.facts, recognizer.classifier.spec
    threshold = recognizer.detector.score_threshold
    yield f"detector {facts.name}: {facts.summary}; faces from a score of {threshold:g}"
    size = f"{spec.input_size}×{spec.input_size}×{spec.channels}"
    yield f"model {spec.name}: {size} pixels, {', '.join(spec.labels)}"


def _line(result: Result) -> str:
    """One picture, with what its faces show."""
    faces = ", ".join(f"{r.expression} {r.prob:.0%}" for r in result) or "no face"
    size = f"{result.width}×{result.height}"
    return f"{result.source}: {size}, {faces}, {result.elapsed_ms:.0f} ms"


def _closing(
    count: CountSink, failed: _Failures, output: str | None, draw: str | None, crops: str | None
) -> str:
    """What was done, in how many seconds, and where it is."""
    named = (("results", output), ("drawings", draw), ("crops", crops))
    places = ", ".join(f"{what} in {place}" for what, place in named if place is not None)
    text = count.text(failed.count, failed.hidden)
    return f"{text}; {places}" if places else text
