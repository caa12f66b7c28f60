"""Shows the progress of a training run on standard error, epoch by epoch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mien.cli.support.printing import say

if TYPE_CHECKING:
    from mien.train.config import BaseConfig
    from mien.train.trainer import OnBatch, OnEpoch


@contextmanager
def epochs_shown(
    config: BaseConfig, visible: bool = True
) -> Iterator[tuple[OnBatch | None, OnEpoch]]:
    """Yield ``on_batch`` and ``on_epoch`` for ``train``: a bar on a terminal, else a line an epoch.

    Nothing is shown unless ``visible``.
    """
    if not visible:
        yield None, lambda row: None
        return
    if not sys.stderr.isatty():
        yield None, lambda row: say(_line(row, config.epochs), err=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("reading the data", total=config.epochs)

        def on_batch(epoch: int, batch: int, batches: int, loss: float) -> None:
            text = f"epoch {epoch}/{config.epochs}  loss {loss:.3f}"
            bar.update(task, completed=epoch - 1 + batch / batches, description=text)

        yield on_batch, lambda row: console.print(_line(row, config.epochs), markup=False)


def _line(row: dict[str, Any], epochs: int) -> str:
    """The metrics of one epoch as text; a face detector's have no input size."""
    parts = [f"epoch {row['epoch']}/{epochs}"]
    if "input_size" in row:
        parts.append(f"{row['input_size']} px")
    parts.append(f"loss {row['train_loss']:.4f}")
    for key, name in (("valid_accuracy", "accuracy"), ("valid_ap50", "AP50")):
        if row.get(key) is not None:  # AP50 is None if no face is marked
            parts.append(f"{name} {row[key]:.2%}")
    return "  ".join((*parts, f"{row['seconds']:.0f} s"))
