"""``mien train``: a recipe and a data set become a run folder."""

from __future__ import annotations

from typing import Any

import click


def _list_recipes(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from mien.train.recipe import load_recipe, recipe_names

    names = recipe_names()
    width = max(map(len, names))
    for name in names:
        click.echo(f"{name:{width}}  {load_recipe(name).description}")
    context.exit()


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.option("--data", required=True, metavar="PATH", help="The data set: a file, folder or zip.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the run, made where missing.")
@click.option(
    "--dataset", metavar="NAME", help="Reader of the data (the recipe's where not given)."
)
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
    help="auto: a GPU where there is one.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on after the last whole epoch of --out.")
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="Instead of the recipe's.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="First N pictures alone.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Instead of the recipe's.")
@click.option("--teacher", metavar="RUN", help="A finished run to distil from.")
@click.option(
    "--weights", metavar="WHERE",
    help="Where a backbone starts: imagenet (fetched), a local file, or none (at random).",
)  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads on the CPU.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Any key of the recipe; can be repeated.",
)  # fmt: skip
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_list_recipes,
    help="List the recipes that ship with Mien.",
)  # fmt: skip
def command(
    recipe: str,
    data: str,
    out: str,
    device: str,
    resume: bool,
    threads: int | None,
    overrides: tuple[str, ...],
    **keys: Any,
) -> int:
    """Train a network as RECIPE says: a name from --list, or the path of a .toml file.

    The resolved recipe (recipe.json) is written to --out at the start, metrics (metrics.jsonl) and
    a checkpoint (last.pt) after every epoch. What can be set is described in mien.train.config.
    Exit status: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C.
    """
    import shlex
    from pathlib import Path

    from mien.cli.epochs import epochs_shown
    from mien.datasets.base import open_dataset
    from mien.train import require_extra
    from mien.train.recipe import load_recipe

    given = {key: value for key, value in keys.items() if value is not None}
    if given.get("weights") == "none":
        given |= {"weights": None, "freeze_epochs": 0}  # what is frozen would stay random
    config = load_recipe(recipe, overrides, given)
    config.check_teacher()
    dataset = open_dataset(data, config.dataset, config.dataset_options)
    require_extra("'mien train'")
    import torch

    from mien.train import distributed
    from mien.train.loop import pick_device, train
    from mien.train.watch import kept_row

    if threads is not None:
        torch.set_num_threads(threads)
    where = pick_device(device)
    speaks = distributed.rank() == 0  # of several processes the first one alone
    if speaks:
        head = f"training {config.name} on {where}, {config.epochs} epochs, into {out}"
        click.echo(head, err=True)
    done = 0
    try:
        with epochs_shown(config, speaks) as (on_batch, on_epoch):

            def finished(row: dict[str, Any]) -> None:
                nonlocal done
                done = row["epoch"] + 1
                on_epoch(row)

            rows = train(
                config, dataset, Path(out), device=where, resume=resume,
                on_batch=on_batch, on_epoch=finished,
            )  # fmt: skip
    except KeyboardInterrupt:
        kept = f"epoch {done} of {config.epochs} is kept: " if done else ""
        click.echo(f"mien: stopped; {kept}go on with the same command and --resume", err=True)
        return 130
    finally:
        distributed.leave()
    if not speaks:
        return 0
    click.echo(f"run: {out}")
    if (Path(out) / "unreadable.jsonl").exists():
        click.echo(f"some pictures could not be read and were left out: {out}/unreadable.jsonl")
    if rows and "valid_accuracy" in rows[-1]:
        row = kept_row(rows, config)
        which = f"epoch {row['epoch'] + 1}, the best one" if config.patience else "last epoch"
        right = row["valid_accuracy"]
        click.echo(f"accuracy on split {config.valid_split!r}: {right:.2%} ({which})")
    model = shlex.quote(f"{config.name}.onnx")
    split = config.valid_split or config.train_split
    click.echo(f"next: mien evaluate {shlex.quote(out)} --data {shlex.quote(data)} --split {split}")
    click.echo(f"then: mien export {shlex.quote(out)} --out {model}")
    return 0
