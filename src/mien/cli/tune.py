"""``mien tune``: try a recipe with other settings and keep the best."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.numbers import COUNT, SEED, THREADS
from mien.cli.support.printing import complain, counted, say

if TYPE_CHECKING:
    from mien.train.tuning.trials import TrialRow
    from mien.train.tuning.tune import Watcher

SHOWN = 10
FILES = ("best.toml", "trials.csv", "history.png", "importance.png", "study.db")


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.option("--data", required=True, metavar="PATH", help="The data set: a file, folder or zip.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the results.")
@click.option(
    "--space", default="default", show_default=True, metavar="SPACE",
    help="What to vary: a search space that ships with Mien, or a .toml file.",
)  # fmt: skip
@click.option(
    "--method", type=click.Choice(["grid", "random", "tpe"]), default="tpe", show_default=True,
    help="grid: every combination; random; tpe: learns from earlier trials.",
)  # fmt: skip
@click.option(
    "--trials", type=COUNT, metavar="N",
    help="Trials of the whole search, earlier ones included (default for a grid: all).",
)  # fmt: skip
@click.option(
    "--storage", metavar="URL",
    help="Database of the search, such as postgresql://… (default: DIR/study.db).",
)  # fmt: skip
@click.option(
    "--study", metavar="NAME", help="Name of the search in the database (default: the recipe's)."
)
@click.option(
    "--seed", type=SEED, default=0, show_default=True, metavar="N",
    help="Seed of the search; trials train with the recipe's own seed.",
)  # fmt: skip
@click.option("--no-prune", is_flag=True, help="Let poor trials run to their end.")
@click.option("--dataset", metavar="NAME", help="Reader of the data (default: the recipe's).")
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="An option of the reader, beside the recipe's; can be repeated.",
)  # fmt: skip
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
    help="auto: a GPU where there is one.",
)  # fmt: skip
@click.option("--epochs", type=COUNT, metavar="N", help="Epochs of each trial.")
@click.option(
    "--limit", type=COUNT, metavar="N",
    help="Only N pictures of each split, drawn at random with the recipe's seed.",
)  # fmt: skip
@click.option("--threads", type=THREADS, metavar="N", help="Threads on the CPU.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Any key of the recipe; can be repeated.",
)  # fmt: skip
@click.pass_context
def command(
    context: click.Context,
    /,
    recipe: str,
    data: str,
    out: str,
    space: str,
    method: str,
    trials: int | None,
    storage: str | None,
    study: str | None,
    options: tuple[str, ...],
    seed: int,
    no_prune: bool,
    device: str,
    threads: int | None,
    overrides: tuple[str, ...],
    **keys: Any,
) -> int:
    """Search for a recipe's best settings.

    Trains RECIPE repeatedly with settings from a search space and keeps the best. Settings are
    chosen on a part of the training split, never on the splits that are reported later.

    Run the same command again to continue a search that was stopped; run it several times at once,
    on one or more machines, to share its trials.

    Exit status: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C.
    """
    import shlex
    from dataclasses import replace
    from pathlib import Path

    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.photos import hint_at_photos, search_photos
    from mien.cli.support.reader import say_reader
    from mien.datasets.opening import AUTO, open_dataset
    from mien.extras import require_extra
    from mien.train.recipe import load_classifier_recipe
    from mien.train.tuning.space import load_space
    from mien.train.tuning.split import tuning_split

    check_outputs(context, ["out"], [Path(out) / name for name in FILES])
    values = {key: value for key, value in keys.items() if value is not None}
    given = load_classifier_recipe(recipe, overrides, values)
    given = replace(given, dataset_options=(*given.dataset_options, *options))
    config, note = tuning_split(given)
    config.check_teacher()
    varied = load_space(space, config)
    trials = varied.count_trials(method, trials)
    dataset = open_dataset(data, config.dataset, config.dataset_options, wants="crops")
    say_reader(data, dataset, config.dataset == AUTO)
    hint_at_photos(dataset, config.dataset_options)
    search_photos(dataset, config.splits)
    require_extra("tune", "'mien tune'")
    import torch

    from mien.train.session import pick_device
    from mien.train.tuning.tune import tune

    if threads is not None:
        torch.set_num_threads(threads)
    where = pick_device(device)
    number, epochs = counted(trials, "trial"), counted(config.epochs, "epoch")
    say(f"tuning {config.name} on {where}: {number} of {epochs}, into {out}", err=True)
    if note:
        complain(f"{note}: a split that is reported must not choose settings")
    try:
        with _display(trials) as watcher:
            rows = tune(
                config, varied, dataset, Path(out), method=method, trials=trials, storage=storage,
                name=study, seed=seed, prune=not no_prune, device=where, watcher=watcher,
            )  # fmt: skip
    except KeyboardInterrupt:
        complain("stopped; the search is kept: run the same command to continue")
        return 130
    _print(rows)
    files = [Path(out) / name for name in ("best.toml", "trials.csv", "history.png")]
    importance = Path(out) / "importance.png"
    files += [importance] if importance.exists() else []
    say(f"files: {', '.join(map(str, files))}")
    if importance not in files:
        say(
            "no importance.png: it needs two finished trials that differ in two keys and in "
            "accuracy"
        )
    best = shlex.quote(str(files[0]))
    say(f"next: mien train {best} --data {shlex.quote(data)} --out RUN")
    return 0


def _print(rows: list[TrialRow]) -> None:
    """Print the best trials, and how many there are of each state."""
    from mien.cli.support.console import out, table
    from mien.train.tuning.trials import ranked

    finished = ranked(rows)
    shown = table("trial", "accuracy", "NLL", "epochs", "seconds", *finished[0].params)
    for row in finished[:SHOWN]:
        shown.add_row(
            str(row.number), f"{row.accuracy:.2%}", f"{row.nll:.4f}", str(row.epochs),
            f"{row.seconds:.0f}", *map(_value, row.params.values()),
        )  # fmt: skip
    counts = Counter(row.state for row in rows)
    states = [state for state in ("finished", "pruned", "failed", "stopped") if counts[state]]
    line = ", ".join(f"{counts[state]} {state}" for state in states)
    say(f"trials: {line}", "")
    out().print(shown)
    say("")


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def _display(trials: int) -> Iterator[Watcher]:
    """Progress on standard error: a line for each trial, on a terminal with a bar below."""
    from mien.train.classification.config import ClassifierConfig
    from mien.train.tuning.trials import best_of, count_ended
    from mien.train.tuning.tune import Watcher

    def best(rows: list[TrialRow]) -> str:
        row = best_of(rows)
        return "" if row is None else f"  best {row.accuracy:.2%} (trial {row.number})"

    class Lines(Watcher):
        def echo(self, line: str) -> None:
            say(line, err=True)

        def trial(self, row: TrialRow, rows: list[TrialRow], trials: int) -> None:
            head = f"trial {row.number} ({count_ended(rows)}/{trials})"
            settings = " ".join(f"{key}={_value(value)}" for key, value in row.params.items())
            self.echo(f"{head}  {_result(row)}{best(rows)}  {settings}")

        def waiting(self, numbers: list[int]) -> None:
            named = ", ".join(map(str, numbers))
            self.echo(f"waiting for trial{'s' * (len(numbers) > 1)} {named} of other processes")

        def note(self, text: str) -> None:
            complain(text)

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

            def epoch(self, number: int, row: dict[str, Any], config: ClassifierConfig) -> None:
                head = f"trial {number}  epoch {row['epoch']}/{config.epochs}"
                bar.update(task, description=f"{head}  {row['valid_accuracy']:.2%}{self.best}")

            def trial(self, row: TrialRow, rows: list[TrialRow], trials: int) -> None:
                super().trial(row, rows, trials)
                self.best = best(rows)
                bar.update(task, completed=count_ended(rows))

        yield Bar()


def _result(row: TrialRow) -> str:
    """How a trial ended, in words."""
    if row.accuracy is None:
        return f"{row.state}: {row.reason}" if row.reason else row.state
    if row.state == "pruned":
        return f"pruned after epoch {row.epochs} at {row.accuracy:.2%}"
    return f"accuracy {row.accuracy:.2%}"
