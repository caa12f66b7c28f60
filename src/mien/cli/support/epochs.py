"""How a training run shows its progress: on standard error, epoch by epoch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mien.train.classification.config import ClassifierConfig
    from mien.train.classification.loop import OnEpoch
    from mien.train.classification.run import OnBatch
    from mien.train.detection.config import DetectorConfig


@contextmanager
def epochs_shown(
    config: ClassifierConfig | DetectorConfig, speaks: bool = True
) -> Iterator[tuple[OnBatch | None, OnEpoch]]:
    """Yield callbacks for ``train``: a bar where there is a terminal, else a line an epoch."""
    if not speaks:
        yield None, lambda row: None
        return
    if not sys.stderr.isatty():
        yield None, lambda row: click.echo(_line(row, config.epochs), err=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("reading the data", total=config.epochs)

        def on_batch(epoch: int, batch: int, batches: int, loss: float) -> None:
            text = f"epoch {epoch + 1}/{config.epochs}  loss {loss:.3f}"
            bar.update(task, completed=epoch + batch / batches, description=text)

        yield on_batch, lambda row: console.print(_line(row, config.epochs))


def _line(row: dict[str, Any], epochs: int) -> str:
    """An epoch's metrics for people; a face detector's have no input size."""
    parts = [f"epoch {row['epoch'] + 1}/{epochs}"]
    if "input_size" in row:
        parts.append(f"{row['input_size']} px")
    parts.append(f"loss {row['train_loss']:.4f}")
    for key, name in (("valid_accuracy", "accuracy"), ("valid_ap50", "AP50")):
        if row.get(key) is not None:  # no AP50 where no face is marked
            parts.append(f"{name} {row[key]:.2%}")
    return "  ".join((*parts, f"{row['seconds']:.0f} s"))
