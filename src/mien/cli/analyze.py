"""``mien analyze``: faces and expressions of pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from mien.errors import MienError

if TYPE_CHECKING:
    from mien.sinks.base import Sink


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option("--recursive", "-r", is_flag=True, help="Look into subfolders too.")
@click.option(
    "--format", "-f", "format_", type=click.Choice(["table", "json", "jsonl", "csv"]),
    default="table", show_default=True, help="How results are printed.",
)  # fmt: skip
@click.option("--output", "-o", metavar="FILE", help="Write results to FILE, not standard output.")
@click.option("--draw", metavar="DIR", help="Save annotated copies of the pictures in DIR.")
@click.option("--crops", metavar="DIR", help="Save each face in DIR, with a table crops.csv.")
@click.option(
    "--min-face-size", type=click.FloatRange(min=0, min_open=True), metavar="PIXELS",
    help="Smallest face looked for (the detector's default where not given).",
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
    help="An option of the detector, such as model=FILE of yunet; can be repeated.",
)  # fmt: skip
@click.option(
    "--max-pixels", type=click.IntRange(min=1), metavar="N",
    help="Refuse pictures of more pixels (100 million where not given).",
)  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads of a network.")
def command(
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
    standard input, one a line. A picture that cannot be read is reported on one line and the rest
    go on. Exit status: 0 all read, 1 some failed, 2 usage.
    """
    from mien.cli.support.progress import progress
    from mien.media.inputs import STDIN, expand
    from mien.pipeline import Recognizer

    failed = _Failures()
    recognizer = Recognizer(**options)
    sources: Any = expand(paths, recursive=recursive, on_error=failed.report)
    with ExitStack() as stack:
        sinks = [stack.enter_context(sink) for sink in _sinks(format_, output, draw, crops)]
        if sys.stderr.isatty() and STDIN not in paths:
            sources = list(sources)  # a bar needs to know how many; names alone take little
        # Lines that scroll by on the same terminal show the progress themselves.
        scrolling = format_ != "table" and output is None and sys.stdout.isatty()
        with progress(sources, hidden=scrolling) as step:
            for result, image in recognizer.stream(step(sources), failed.picture):
                for sink in sinks:
                    sink.write(result, image)
    return 1 if failed.count else 0


class _Failures:
    """Reports what could not be read, a line each, and counts it."""

    def __init__(self) -> None:
        self.count = 0

    def report(self, error: MienError) -> None:
        self.count += 1
        click.echo(f"mien: {error}", err=True)

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
        yield sinks.DrawSink(draw)
    if crops is not None:
        yield sinks.CropsSink(crops)
