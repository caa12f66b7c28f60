"""``mien train``: a recipe and a data set become a run folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mien.train.classification.config import ClassifierConfig
    from mien.train.detection.config import DetectorConfig


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
    help="Where a network starts: imagenet, coco (detectors; both fetched), a local file, or none.",
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
    """Train a classifier or a face detector from a recipe.

    RECIPE is a name from --list, or the path of a .toml file.
    The resolved recipe (recipe.json) is written to --out at the start, metrics (metrics.jsonl) and
    a checkpoint (last.pt) after every epoch. What can be set is described in
    mien.train.classification.config, of a face detector in mien.train.detection.config. Exit
    status: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C.
    """
    import shlex

    from mien.cli.support.epochs import epochs_shown
    from mien.datasets.base import open_dataset
    from mien.extras import require_extra
    from mien.train.classification.config import ClassifierConfig
    from mien.train.recipe import load_recipe

    given = {key: value for key, value in keys.items() if value is not None}
    config = load_recipe(recipe, overrides, given)
    if isinstance(config, ClassifierConfig):
        config.check_teacher()
    dataset: Any = open_dataset(data, config.dataset, config.dataset_options)
    _check_kind(config, dataset)
    require_extra("train", "'mien train'")
    import torch

    from mien.train import distributed
    from mien.train.classification.loop import pick_device, train

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

            given = {"device": where, "resume": resume, "on_batch": on_batch, "on_epoch": finished}
            if isinstance(config, ClassifierConfig):
                rows = train(config, dataset, Path(out), **given)
            else:
                from mien.train.detection.run import train_detector

                rows = train_detector(config, dataset, Path(out), **given)
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
    for line in _outcome(config, rows, Path(out)):
        click.echo(line)
    model = shlex.quote(f"{config.name}.onnx")
    split = config.valid_split or config.train_split
    click.echo(f"next: mien evaluate {shlex.quote(out)} --data {shlex.quote(data)} --split {split}")
    click.echo(f"then: mien export {shlex.quote(out)} --out {model}")
    return 0


def _check_kind(config: ClassifierConfig | DetectorConfig, dataset: object) -> None:
    """Refuse face crops for a detector, and whole pictures for a classifier."""
    from mien.datasets.base import SceneDataset
    from mien.errors import ConfigError
    from mien.train.classification.config import ClassifierConfig

    scenes = isinstance(dataset, SceneDataset)
    if isinstance(config, ClassifierConfig) and scenes:
        raise ConfigError(
            f"the recipe {config.name!r} trains a classifier, and {config.dataset!r} reads whole "
            "pictures with marked faces: choose a reader of face crops with --dataset"
        )
    if not isinstance(config, ClassifierConfig) and not scenes:
        raise ConfigError(
            f"the recipe {config.name!r} trains a face detector, and {config.dataset!r} reads face "
            "crops: choose a reader of whole pictures with --dataset, such as coco or wider"
        )


def _outcome(
    config: ClassifierConfig | DetectorConfig, rows: list[dict[str, Any]], run: Path
) -> Iterator[str]:
    """What a finished run reached, a sentence each."""
    from mien.train.classification.config import ClassifierConfig
    from mien.train.classification.watch import kept_row

    if isinstance(config, ClassifierConfig):
        if rows and "valid_accuracy" in rows[-1]:
            row = kept_row(rows, config)
            which = f"epoch {row['epoch'] + 1}, the best one" if config.patience else "last epoch"
            right = row["valid_accuracy"]
            yield f"accuracy on split {config.valid_split!r}: {right:.2%} ({which})"
        return
    from mien.train import checkpoint

    if config.weights is not None:
        loaded = checkpoint.load(run / checkpoint.CHECKPOINT)["facts"].get("weights_loaded")
        yield f"started from {config.weights}: {loaded}"
    if rows and rows[-1].get("valid_ap50") is not None:
        yield f"AP50 on split {config.valid_split!r}: {rows[-1]['valid_ap50']:.2%} (last epoch)"
