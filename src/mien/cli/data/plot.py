"""``mien data plot``: figures of a data set, and of what a recipe makes of its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mien.cli.data.source import division, reader

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mien.datasets.survey import Survey
    from mien.train.config import TrainConfig


@click.command()
@click.argument("source", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder, made where missing.")
@reader
@division
@click.option("--split", default="train", show_default=True, help="Whose pictures are shown.")
@click.option("--augment", metavar="RECIPE", help="Show what a network sees, too: name or .toml.")
@click.option("--format", "suffix", type=click.Choice(["png", "svg", "pdf"]), default="png",
              show_default=True)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Draws the pictures.")
def plot(
    source: str,
    out: str,
    dataset: str,
    options: tuple[str, ...],
    splits: str,
    split: str,
    augment: str | None,
    suffix: str,
    seed: int,
) -> None:
    """Draw the data set at SOURCE: labels, samples and mean_faces, as pictures in --out.

    With --augment also augmented: pictures as they are measured, then as the network will see them
    in training under that recipe (which needs the 'train' extra).
    """
    from mien.cli.progress import meter
    from mien.datasets.base import open_dataset
    from mien.datasets.splits import resplit
    from mien.datasets.survey import survey
    from mien.figures.data import labels_figure, mean_faces_figure, samples_figure
    from mien.figures.save import save_figure

    config = _recipe(augment) if augment else None
    folder = _folder(out, suffix)
    divided = resplit(open_dataset(source, dataset, options), splits)
    with meter() as update:
        found = survey(divided, split, seed=seed, on_progress=update)
    name = Path(source).name
    figures: dict[str, Figure] = {
        "labels": labels_figure(found, name),
        "samples": samples_figure(found, name),
        "mean_faces": mean_faces_figure(found, name),
    }
    if config:
        figures["augmented"] = _augmented(found, config, name)
    for title, figure in figures.items():
        path = folder / f"{title}.{suffix}"
        save_figure(figure, path)
        click.echo(str(path))
    if found.unreadable:
        click.echo(f"{found.unreadable:,} of the pictures drawn cannot be read", err=True)


def _recipe(name: str) -> TrainConfig:
    from mien.train import require_extra
    from mien.train.recipe import load_classifier_recipe

    config = load_classifier_recipe(name)
    require_extra("'mien data plot --augment'")
    return config


def _folder(out: str, suffix: str) -> Path:
    """The folder, made and writable, before the work."""
    from mien.figures.save import check_target, require_extra
    from mien.files import check_writable, output_error

    require_extra()
    folder = Path(out)
    if not folder.is_dir():
        check_writable(folder)
        try:
            folder.mkdir()
        except OSError as error:
            raise output_error(repr(out), error) from error
    check_target(folder / f"labels.{suffix}")
    return folder


def _augmented(found: Survey, config: TrainConfig, source: str) -> Figure:
    from mien.figures.data import augmented_figure
    from mien.train.preview import preview

    examples = [
        (label, picture)
        for label, picture in zip(found.labels, found.examples, strict=True)
        if picture is not None
    ]
    # A batch of more than is shown, so that a picture is seldom mixed with itself.
    others = [picture for row in found.pictures for picture in row[1:]]
    made = preview([picture for _, picture in examples], config, others=others)
    form = f"{config.input_size}×{config.input_size} {'grey' if config.channels == 1 else 'RGB'}"
    mixing = [name for name in ("mixup", "cutmix") if getattr(config, name)]
    how = f", {config.mix_probability:.0%} of the batches mixed by {' or '.join(mixing)}"
    title = (
        f"{found.dataset} {found.split} ({source}) under the recipe {config.name}\n"
        f"{form}{how if mixing else ''}"
    )
    names = [label for label, _ in examples]
    return augmented_figure(made.plain, made.views, made.mixed, names, title)
