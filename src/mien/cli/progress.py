"""A progress bar on standard error, only where somebody can see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def progress(
    items: object, unit: str = "pictures", hidden: bool = False
) -> Iterator[Callable[[Iterable[T]], Iterable[T]]]:
    """Yield a function that counts items as they pass.

    It draws a bar where standard error is a terminal, unless ``hidden`` or ``items`` is a single
    one, and otherwise passes them on untouched.
    """
    total = len(items) if isinstance(items, Sized) else None
    if hidden or not sys.stderr.isatty() or (total is not None and total < 2):
        yield lambda passed: passed
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    # Lines printed to standard error meanwhile appear above the bar; standard output is let be.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task("", total=total)

        def counted(passed: Iterable[T]) -> Iterator[T]:
            for item in passed:
                yield item
                bar.advance(task)

        yield counted
