"""``mien data plot``: figures of a data set, and of what a recipe makes of its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien.cli.data.source import division, opened, reader
from mien.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mien.datasets.base import Dataset, SceneDataset
    from mien.datasets.crops.survey import CropSurvey
    from mien.train.classification.config import ClassifierConfig
    from mien.train.detection.config import DetectorConfig


@click.command()
@click.argument("source", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder, made where missing.")
@reader
@division
@click.option(
    "--split", help="Whose pictures are shown.  [default: train, or the first that there is]"
)
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
    split: str | None,
    augment: str | None,
    suffix: str,
    seed: int,
) -> None:
    """Draw a data set's labels, samples and mean faces.

    The figures of the data set at SOURCE go to --out: labels, samples and mean_faces.
    Of whole pictures with marked faces (readers coco, dataturks, fddb, voc, wider) it draws boxes,
    sizes and faces_per_picture. With --augment also augmented: pictures as the network will see
    them in training under that recipe (face crops need the 'train' extra for it).
    """
    from mien.datasets.base import SceneDataset
    from mien.datasets.splits import resplit
    from mien.reports.figures.save import save_figure

    folder = _folder(out, suffix)
    divided = resplit(opened(source, dataset, options), splits)
    scenes = isinstance(divided, SceneDataset)
    config = _recipe(augment, dataset, scenes) if augment else None
    held = divided.splits()
    if split is None:
        split = held[0] if held and "train" not in held else "train"
    name = Path(source).name
    draw: Any = _of_scenes if scenes else _of_crops
    figures, unreadable = draw(divided, split, seed, config, name)
    for title, figure in figures.items():
        path = folder / f"{title}.{suffix}"
        save_figure(figure, path)
        click.echo(str(path))
    if unreadable:
        click.echo(f"{unreadable:,} of the pictures drawn cannot be read", err=True)


def _of_crops(
    dataset: Dataset, split: str, seed: int, config: ClassifierConfig | None, source: str
) -> tuple[dict[str, Figure], int]:
    """Name → figure, and the pictures that cannot be read."""
    from mien.cli.support.progress import meter
    from mien.datasets.crops.survey import survey_crops
    from mien.reports.figures.datasets.crops import labels_figure, mean_faces_figure, samples_figure

    with meter() as update:
        found = survey_crops(dataset, split, seed=seed, on_progress=update)
    figures = {
        "labels": labels_figure(found, source),
        "samples": samples_figure(found, source),
        "mean_faces": mean_faces_figure(found, source),
    }
    if config:
        figures["augmented"] = _augmented(found, config, source)
    return figures, found.unreadable


def _of_scenes(
    dataset: SceneDataset, split: str, seed: int, config: DetectorConfig | None, source: str
) -> tuple[dict[str, Figure], int]:
    """Name → figure, and the pictures that cannot be read."""
    from mien.datasets.scenes.survey import survey_scenes
    from mien.reports.figures.datasets.scenes import (
        augmented_views_figure,
        boxes_figure,
        faces_per_picture_figure,
        sizes_figure,
    )
    from mien.train.detection.preview import views_shown

    found = survey_scenes(dataset, split, seed=seed)
    figures = {
        "boxes": boxes_figure(found, source),
        "sizes": sizes_figure(found, source),
        "faces_per_picture": faces_per_picture_figure(found, source),
    }
    if config:
        views = views_shown(dataset, split, config, seed=seed)
        title = (
            f"{found.dataset} {found.split} ({source}) under the recipe {config.name}: "
            f"views of {config.view}×{config.view}, ignored faces dashed"
        )
        figures["augmented"] = augmented_views_figure(views, title)
    return figures, found.unreadable


def _recipe(name: str, dataset: str, scenes: bool) -> ClassifierConfig | DetectorConfig:
    """The recipe, which must be for what the reader ``dataset`` gives."""
    from mien.extras import require_extra
    from mien.train.detection.config import DetectorConfig
    from mien.train.recipe import load_classifier_recipe, load_recipe

    if not scenes:
        classifier = load_classifier_recipe(name)
        require_extra("train", "'mien data plot --augment'")
        return classifier
    config = load_recipe(name)
    if not isinstance(config, DetectorConfig):
        raise ConfigError(
            f"{dataset} reads whole pictures, and the recipe {config.name!r} trains a classifier "
            "of face crops: give a detector's, such as faster_rcnn_mobile"
        )
    return config


def _folder(out: str, suffix: str) -> Path:
    """The folder, made and writable, before the work."""
    from mien.extras import require_extra
    from mien.files import check_writable, output_error
    from mien.reports.figures.save import check_figure_path

    require_extra("plot", "a figure")
    folder = Path(out)
    if not folder.is_dir():
        check_writable(folder)
        try:
            folder.mkdir()
        except OSError as error:
            raise output_error(repr(out), error) from error
    check_figure_path(folder / f"labels.{suffix}")
    return folder


def _augmented(found: CropSurvey, config: ClassifierConfig, source: str) -> Figure:
    from mien.reports.figures.datasets.crops import augmented_crops_figure
    from mien.train.classification.preview import preview

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
    return augmented_crops_figure(made.plain, made.views, made.mixed, names, title)
