"""A progress bar on standard error, if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def meter(
    total: int | None = None, unit: str = "pictures", hidden: bool = False, rate: bool = False
) -> Iterator[Callable[[int, int | None], None] | None]:
    """Yield a function that shows (done, total) in a bar, or ``None`` where there is no bar.

    ``rate`` also shows the items per second.
    """
    if hidden or not _stderr_is_a_terminal():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f} per second" if task.speed else "")

    columns: list[ProgressColumn] = [BarColumn(), MofNCompleteColumn(), TextColumn(unit)]
    columns += [Rate()] if rate else []
    columns.append(TimeRemainingColumn())
    # Lines printed to standard error appear above the bar; standard output is not redirected.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _stderr_is_a_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
