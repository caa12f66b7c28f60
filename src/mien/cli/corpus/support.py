"""What commands of ``mien corpus`` share."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mien.cli.support.numbers import Finite
from mien.cli.support.printing import say

if TYPE_CHECKING:
    from mien.scale.progress import Progress
    from mien.scale.running import Crew

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.argument("folder", metavar="DIR")
_EVERY_S = 10.0
"""Between two lines of progress, or two writes of the figures."""


def crew_options(command: Command) -> Command:
    """Adds the options that say who works: nothing in them changes a result."""
    options = (
        click.option(
            "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
            help="Processes of this machine, or actors of Ray.",
        ),
        click.option(
            "--workers", type=click.IntRange(1, 4096), metavar="N",
            help="Processes with one thread each (default: one for each core).",
        ),
        click.option(
            "--ray-address", metavar="ADDRESS",
            help="A cluster, such as auto or ray://head:10001 (default: start Ray here).",
        ),
        click.option(
            "--memory", type=click.IntRange(512, 1 << 20), default=2048, show_default=True,
            metavar="MIB", help="Most memory of a worker.",
        ),
        click.option(
            "--timeout", type=Finite(min=0, min_open=True), default=600.0, show_default=True,
            metavar="S", help="Most seconds for one picture.",
        ),
        click.option(
            "--metrics", metavar="FILE",
            help="Keep figures in FILE, for the textfile collector of Prometheus's node exporter.",
        ),
        click.option("--quiet", "-q", is_flag=True, help="Print no progress and no closing line."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def crew_of(
    engine: str, workers: int | None, ray_address: str | None, memory: int, timeout: float
) -> Crew:
    """The crew of these options."""
    from mien.scale.running import Crew
    from mien.scale.task import Limits

    return Crew(engine, workers, Limits(memory << 20, timeout), ray_address)  # type: ignore[arg-type]


@contextmanager
def reporting(quiet: bool, metrics: str | None) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows progress: a bar in a terminal, else a line every ten seconds."""
    from mien.cli.support.progress import meter
    from mien.files import check_writable, write_whole
    from mien.sinks.base import check_text_name

    if metrics is not None:
        check_text_name(Path(metrics))
        check_writable(Path(metrics))
    shown = written = 0.0
    with meter(None, "inputs", hidden=quiet, rate=True) as bar:

        def report(progress: Progress) -> None:
            nonlocal shown, written
            now, is_last = time.monotonic(), progress.done >= progress.total
            if bar is not None:
                bar(progress.done, progress.total)
            elif not quiet and sys.stderr is not None and (now - shown >= _EVERY_S or is_last):
                shown = now
                say(progress.line(), err=True)
            if metrics is not None and (now - written >= _EVERY_S or is_last):
                written = now
                write_whole(Path(metrics), progress.prometheus().encode())

        yield report
