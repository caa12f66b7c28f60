"""``mien tune``: try a recipe with other settings and keep the best."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mien.train.tuning.report import Row
    from mien.train.tuning.tune import Watcher

SHOWN = 10


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.option("--data", required=True, metavar="PATH", help="The data set: a file, folder or zip.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the study's results.")
@click.option(
    "--space", default="default", show_default=True, metavar="SPACE",
    help="What to vary: a search space that ships with Mien, or a .toml file.",
)  # fmt: skip
@click.option(
    "--method", type=click.Choice(["grid", "random", "tpe"]), default="tpe", show_default=True,
    help="grid: every combination; random; tpe: learns from the trials before.",
)  # fmt: skip
@click.option(
    "--trials", type=click.IntRange(min=1), metavar="N",
    help="Trials of the whole study, those already there included; of a grid all, if left out.",
)  # fmt: skip
@click.option(
    "--storage", metavar="URL",
    help="Database of the study, such as postgresql://…; DIR/study.db if left out.",
)  # fmt: skip
@click.option("--study", metavar="NAME", help="Its name in the database (the recipe's).")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
    help="Of the search; a trial's own is the recipe's.",
)  # fmt: skip
@click.option("--no-prune", is_flag=True, help="Let hopeless trials run to their end.")
@click.option("--dataset", metavar="NAME", help="Reader of the data (the recipe's if left out).")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
    help="auto: a GPU where there is one.",
)  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="Instead of the recipe's.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="First N pictures alone.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads on the CPU.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Any key of the recipe; can be repeated.",
)  # fmt: skip
def command(
    recipe: str,
    data: str,
    out: str,
    space: str,
    method: str,
    trials: int | None,
    storage: str | None,
    study: str | None,
    seed: int,
    no_prune: bool,
    device: str,
    threads: int | None,
    overrides: tuple[str, ...],
    **keys: Any,
) -> int:
    """Train RECIPE again and again with settings from a search space, and keep the best.

    The same command goes on where a study was stopped, and several at once, on one or more
    machines, share its trials. Settings are chosen on a part of the training split; what is
    reported later is never looked at.
    Exit status: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C.
    """
    import shlex
    from pathlib import Path

    from mien.cli.support.epochs import counted
    from mien.datasets.base import open_dataset
    from mien.extras import require_extra
    from mien.train.recipe import load_classifier_recipe
    from mien.train.tuning.space import load_space
    from mien.train.tuning.split import tuning_split

    given = {key: value for key, value in keys.items() if value is not None}
    config, note = tuning_split(load_classifier_recipe(recipe, overrides, given))
    config.check_teacher()
    varied = load_space(space, config)
    if method == "grid":
        points = len(varied.grid())
        trials = min(trials or points, points)
    elif trials is None:
        raise click.UsageError(f"--method {method} needs --trials N", click.get_current_context())
    dataset = open_dataset(data, config.dataset, config.dataset_options)
    require_extra("tune", "'mien tune'")
    import torch

    from mien.train.session import pick_device
    from mien.train.tuning.tune import tune

    if threads is not None:
        torch.set_num_threads(threads)
    where = pick_device(device)
    number, epochs = counted(int(trials), "trial"), counted(config.epochs, "epoch")
    click.echo(f"tuning {config.name} on {where}: {number} of {epochs}, into {out}", err=True)
    if note:
        click.echo(f"mien: {note}: what is reported must not choose settings", err=True)
    try:
        with _display(trials) as watcher:
            rows = tune(
                config, varied, dataset, Path(out), method=method, trials=trials, storage=storage,
                name=study, seed=seed, prune=not no_prune, device=where, watcher=watcher,
            )  # fmt: skip
    except KeyboardInterrupt:
        click.echo("mien: stopped; the study is kept: go on with the same command", err=True)
        return 130
    _print(rows)
    files = [Path(out) / name for name in ("best.toml", "trials.csv", "history.png")]
    importance = Path(out) / "importance.png"
    files += [importance] if importance.exists() else []
    click.echo(f"files: {', '.join(map(str, files))}")
    if importance not in files:
        click.echo(
            "no importance.png: that needs two finished trials that differ in two keys and in "
            "accuracy"
        )
    best = shlex.quote(str(files[0]))
    click.echo(f"next: mien train {best} --data {shlex.quote(data)} --out RUN")
    return 0


def _print(rows: list[Row]) -> None:
    """The best trials, and how many there are of each kind."""
    from mien.cli.support.console import out, table

    finished = sorted(
        (row for row in rows if row.state == "finished"),
        key=lambda row: (-(row.accuracy or 0), row.nll or 0),
    )
    shown = table("trial", "accuracy", "NLL", "epochs", "seconds", *finished[0].params)
    for row in finished[:SHOWN]:
        shown.add_row(
            str(row.number), f"{row.accuracy:.2%}", f"{row.nll:.4f}", str(row.epochs),
            f"{row.seconds:.0f}", *map(_value, row.params.values()),
        )  # fmt: skip
    counts = [
        f"{sum(row.state == state for row in rows)} {state}"
        for state in ("finished", "pruned", "failed", "stopped")
        if any(row.state == state for row in rows)
    ]
    out().print(f"trials: {', '.join(counts)}\n", shown, "", sep="\n", markup=False)


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def _display(trials: int) -> Iterator[Watcher]:
    """Progress on standard error: a line a trial, and a bar below where there is a terminal."""
    from mien.train.classification.config import ClassifierConfig
    from mien.train.tuning.tune import Watcher

    class Lines(Watcher):
        def say(self, line: str) -> None:
            click.echo(line, err=True)

        def trial(self, row: Row, rows: list[Row], trials: int) -> None:
            self.say(_line(row, rows, trials))

        def waiting(self, numbers: list[int]) -> None:
            named = ", ".join(map(str, numbers))
            self.say(f"waiting for trial{'s' * (len(numbers) > 1)} {named} of other processes")

    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("reading the data", total=trials)

        class Bar(Lines):
            best = ""

            def say(self, line: str) -> None:
                console.print(line, markup=False)

            def epoch(self, number: int, row: dict[str, Any], config: ClassifierConfig) -> None:
                now = f"trial {number}  epoch {row['epoch']}/{config.epochs}"
                shown = f"{now}  {row['valid_accuracy']:.2%}{self.best}"
                bar.update(task, description=shown)

            def trial(self, row: Row, rows: list[Row], trials: int) -> None:
                super().trial(row, rows, trials)
                self.best = _best(rows)
                bar.update(task, completed=_ended(rows))

        yield Bar()


def _ended(rows: list[Row]) -> int:
    return sum(row.state in ("finished", "pruned", "failed") for row in rows)


def _best(rows: list[Row]) -> str:
    best = next((row for row in rows if row.best), None)
    return "" if best is None else f"  best {best.accuracy:.2%} (trial {best.number})"


def _line(row: Row, rows: list[Row], trials: int) -> str:
    """A trial that has ended, for people."""
    what = f"{row.state}: {row.reason}" if row.reason else row.state
    if row.accuracy is not None:
        what = f"accuracy {row.accuracy:.2%}"
        if row.state == "pruned":
            what = f"pruned after epoch {row.epochs} at {row.accuracy:.2%}"
    settings = " ".join(f"{key}={_value(value)}" for key, value in row.params.items())
    return f"trial {row.number} ({_ended(rows)}/{trials})  {what}{_best(rows)}  {settings}"
