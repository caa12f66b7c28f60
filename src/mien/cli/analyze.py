"""``mien analyze``: faces and expressions of pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.device import DEVICE
from mien.cli.support.numbers import THREADS, Finite
from mien.cli.support.printing import complain
from mien.errors import MienError, PictureOutputError

if TYPE_CHECKING:
    from mien.sinks.base import Sink


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option("--recursive", "-r", is_flag=True, help="Include subfolders.")
@click.option(
    "--format", "-f", "format_", type=click.Choice(["table", "json", "jsonl", "csv"]),
    default="table", show_default=True, help="Format of the results.",
)  # fmt: skip
@click.option(
    "--output", "-o", metavar="FILE", help="Write results to FILE, not to standard output."
)
@click.option("--draw", metavar="DIR", help="Save annotated copies of the pictures in DIR.")
@click.option("--crops", metavar="DIR", help="Save each face in DIR, with a table crops.csv.")
@click.option(
    "--min-face-size", type=Finite(min=0, min_open=True), metavar="PIXELS",
    help="Smallest face to look for (default: the detector's own).",
)  # fmt: skip
@click.option(
    "--model", default="default", show_default=True, help="Classifier: name or ONNX file."
)
@click.option(
    "--detector",
    default="mtcnn",
    show_default=True,
    metavar="NAME|FILE",
    help="Detector: name or ONNX file.",
)
@click.option(
    "--detector-option", "detector_options", multiple=True, metavar="KEY=VALUE",
    help="An option of the detector, such as model=FILE for yunet; can be repeated.",
)  # fmt: skip
@click.option(
    "--max-pixels", type=click.IntRange(min=1), metavar="N",
    help="Refuse pictures with more pixels (default: 100 million).",
)  # fmt: skip
@click.option("--threads", type=THREADS, metavar="N", help="Threads per network.")
@DEVICE
@click.pass_context
def command(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    recursive: bool,
    format_: str,
    output: str | None,
    draw: str | None,
    crops: str | None,
    **options: Any,
) -> int:
    """Find faces in pictures and name their expressions.

    PATH is a picture, a folder, a quoted glob such as 'photos/*.jpg', or - for a list of paths on
    standard input, one per line. A picture that cannot be read is reported on one line and skipped.
    Exit status: 0 all read and written, 1 some failed or left out, 2 usage.
    """
    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.progress import progress
    from mien.media.inputs import STDIN, expand
    from mien.overwriting import kept_apart
    from mien.pipeline import Recognizer

    outputs = (output, draw, crops)
    check_outputs(context, ("output", "draw", "crops"))
    failed = _Failures()
    recognizer = Recognizer(**options)
    if any(map(os.path.exists, filter(None, outputs))):  # something could be overwritten
        listed = [path for path in paths if path != STDIN]  # what is listed there may never end
        for _ in kept_apart(expand(listed, recursive=recursive, on_error=_ignore), outputs):
            pass
    sources: Any = expand(paths, recursive=recursive, on_error=failed.report)
    sources = kept_apart(sources, outputs)
    with ExitStack() as stack:
        sinks = [stack.enter_context(sink) for sink in _sinks(format_, output, draw, crops)]
        if sys.stderr.isatty() and STDIN not in paths:
            sources = list(sources)  # a bar needs their number; names take little memory
        # Lines printed on the same terminal already show progress.
        scrolling = format_ != "table" and output is None and sys.stdout.isatty()
        with progress(sources, hidden=scrolling) as step:
            for result, image in recognizer.stream(step(sources), failed.picture):
                for sink in sinks:
                    try:
                        sink.write(result, image)
                    except PictureOutputError as error:
                        failed.report(error)
    return 1 if failed.count else 0


def _ignore(_: MienError) -> None:
    """It is reported when the pictures are read."""


class _Failures:
    """Reports pictures that cannot be read, one line each, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def report(self, error: MienError) -> None:
        self.count += 1
        complain(error)

    def picture(self, name: str, error: MienError) -> None:
        self.report(error)


def _sinks(format_: str, output: str | None, draw: str | None, crops: str | None) -> Iterator[Sink]:
    from mien import sinks

    text: dict[str, Callable[..., Sink]] = {
        "table": sinks.TableSink,
        "json": sinks.JsonSink,
        "jsonl": sinks.JsonlSink,
        "csv": sinks.CsvSink,
    }
    yield text[format_](output or sys.stdout)
    if draw is not None:
        yield sinks.DrawSink(draw, on_note=complain)
    if crops is not None:
        yield sinks.CropsSink(crops, on_note=complain)
