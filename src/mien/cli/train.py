"""``mien train``: train a recipe on a data set, into a run folder."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.numbers import COUNT, SEED, THREADS, Finite
from mien.cli.support.printing import complain, counted, say

if TYPE_CHECKING:
    from mien.train.config import BaseConfig


def _list_recipes(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked:
        return
    from mien.train.recipe_list import listed_recipes

    columns = max(60, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None
    for line in listed_recipes(columns):
        say(line)
    context.exit()


def _show_recipe(context: click.Context, _: click.Parameter, recipe: str | None) -> None:
    if recipe is None:
        return
    from mien.train.recipe import load_recipe, to_toml

    for line in to_toml(load_recipe(recipe)).splitlines():
        say(line)
    context.exit()


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.option("--data", required=True, metavar="PATH", help="The data set: a file, folder or zip.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the run, created if missing.")
@click.option("--dataset", metavar="NAME", help="Reader of the data instead of the recipe's.")
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE",
    help="An option of the reader, beside the recipe's; can be repeated.",
)  # fmt: skip
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
    help="auto: a GPU if there is one.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Continue after the last whole epoch of --out.")
@click.option(
    "--checkpoint-every", type=Finite(min=0), metavar="SECONDS", default=5.0, show_default=True,
    help="Metrics and checkpoint are written this often, and at the end; 0: after every epoch, "
    "before the next one.",
)  # fmt: skip
@click.option("--epochs", type=COUNT, metavar="N", help="Instead of the recipe's.")
@click.option(
    "--limit",
    type=COUNT,
    metavar="N",
    help="Only N pictures of each split, drawn at random (--seed), each class by its share.",
)
@click.option("--seed", type=SEED, metavar="N", help="Instead of the recipe's.")
@click.option(
    "--teacher", metavar="RUN", multiple=True,
    help="A finished run to distil from; can be repeated, to learn from their mean.",
)  # fmt: skip
@click.option(
    "--weights", metavar="WHERE",
    help="Initial weights: default, a run, a checkpoint or an .onnx file of 'mien export'; "
    "imagenet or, for detectors, coco, which are downloaded; a file of a backbone; or none.",
)  # fmt: skip
@click.option("--threads", type=THREADS, metavar="N", help="CPU threads.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Set any key of the recipe; can be repeated.",
)  # fmt: skip
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_list_recipes,
    help="List the recipes that ship with Mien, with what they cost.",
)  # fmt: skip
@click.option(
    "--show", metavar="RECIPE", is_eager=True, expose_value=False, callback=_show_recipe,
    help="Print a recipe with every key, as TOML that can be trained again.",
)  # fmt: skip
@click.pass_context
def command(
    context: click.Context,
    /,
    recipe: str,
    data: str,
    out: str,
    device: str,
    resume: bool,
    checkpoint_every: float,
    threads: int | None,
    overrides: tuple[str, ...],
    teacher: tuple[str, ...],
    options: tuple[str, ...],
    **keys: Any,
) -> int:
    """Train a classifier or a face detector from a recipe.

    RECIPE is a name from --list, the path of a .toml file, or a run's recipe.json.
    The resolved recipe (recipe.json) is written to --out at the start, metrics (metrics.jsonl) and
    a checkpoint (last.pt) as epochs end (--checkpoint-every). docs/recipes.md describes every key.
    Exit status: 0 done, 1 failed, 2 usage, 130 stopped by Ctrl-C.
    """
    import shlex
    from dataclasses import replace

    from mien.cli.support.epochs import epochs_shown
    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.photos import hint_at_photos, search_photos
    from mien.cli.support.reader import say_reader
    from mien.datasets.guessing import Wants
    from mien.datasets.opening import AUTO, open_dataset
    from mien.extras import require_extra
    from mien.train.classification.config import ClassifierConfig
    from mien.train.recipe import load_recipe

    check_outputs(context, ["out"])
    values = {key: value for key, value in keys.items() if value is not None}
    if teacher:
        values["teacher"] = teacher[0] if len(teacher) == 1 else teacher
    config = load_recipe(recipe, overrides, values)
    config = replace(config, dataset_options=(*config.dataset_options, *options))
    if isinstance(config, ClassifierConfig):
        config.check_teacher()
    wants: Wants = "crops" if isinstance(config, ClassifierConfig) else "scenes"
    dataset = open_dataset(data, config.dataset, config.dataset_options, wants=wants)
    require_extra("train", "'mien train'")
    import torch

    from mien.train import distributed
    from mien.train.checkpoint import UNREADABLE
    from mien.train.session import check_dataset, pick_device
    from mien.train.trainer import settle, train

    check_dataset(config, dataset)
    if threads is not None:
        torch.set_num_threads(threads)
    chosen = pick_device(device)
    main = distributed.rank() == 0  # of several processes only the first one prints
    if main:
        say_reader(data, dataset, config.dataset == AUTO)
        hint_at_photos(dataset, config.dataset_options)
        search_photos(dataset, config.splits)
    settled, divided = settle(config, dataset, Path(out), resume)
    if main:
        epochs = counted(settled.epochs, "epoch")
        say(f"training {config.name} on {chosen}, {epochs}, into {out}", err=True)
    run, done = Path(out), 0
    try:
        with epochs_shown(settled, main) as (on_batch, show_epoch):

            def on_epoch(row: dict[str, Any]) -> None:
                nonlocal done
                done = row["epoch"]
                show_epoch(row)

            rows = train(
                settled, divided, run,
                device=chosen, resume=resume, checkpoint_every=checkpoint_every,
                on_batch=on_batch, on_epoch=on_epoch, on_note=complain,
            )  # fmt: skip
    except KeyboardInterrupt:
        kept = f"epoch {done} of {settled.epochs} is kept: " if done else ""
        complain(f"stopped; {kept}continue with the same command and --resume")
        return 130
    finally:
        distributed.leave()
    if not main:
        return 0
    say(f"run: {out}")
    if (run / UNREADABLE).exists():
        say(f"some pictures could not be read and were skipped: {run / UNREADABLE}")
    for line in _outcome(settled, rows, run):
        say(line)
    model = shlex.quote(f"{config.name}.onnx")
    split = settled.valid_split or settled.train_split
    say(f"next: mien evaluate {shlex.quote(out)} --data {shlex.quote(data)} --split {split}")
    say(f"then: mien export {shlex.quote(out)} --out {model}")
    return 0


def _outcome(config: BaseConfig, rows: list[dict[str, Any]], run: Path) -> Iterator[str]:
    """What a finished run has reached, one sentence each."""
    from mien.train.checkpoint import CHECKPOINT, load
    from mien.train.classification.config import ClassifierConfig
    from mien.train.classification.loss_history import row_of_kept_epoch

    if isinstance(config, ClassifierConfig):
        if rows and "valid_accuracy" in rows[-1]:
            row = row_of_kept_epoch(rows, config)
            which = f"epoch {row['epoch']}, the best one" if config.patience else "last epoch"
            accuracy = row["valid_accuracy"]
            yield f"accuracy on split {config.valid_split!r}: {accuracy:.2%} ({which})"
        return
    if config.weights is not None:
        loaded = load(run / CHECKPOINT)["facts"].get("weights_loaded")
        yield f"started from {config.weights}: {loaded}"
    if rows and rows[-1].get("valid_ap50") is not None:
        yield f"AP50 on split {config.valid_split!r}: {rows[-1]['valid_ap50']:.2%} (last epoch)"
