"""``mien data plot``: figures of a data set, and of its pictures as a recipe augments them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mien.cli.data.source import division, open_divided, reader
from mien.cli.support.numbers import SEED
from mien.cli.support.printing import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mien.datasets.base import Dataset, SceneDataset


@click.command()
@click.argument("source", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder; created if missing.")
@reader
@division
@click.option("--split", help="Split whose pictures are shown.  [default: train, or the first one]")
@click.option("--augment", metavar="RECIPE", help="Also show what a network sees: name or .toml.")
@click.option("--format", "suffix", type=click.Choice(["png", "svg", "pdf"]), default="png",
              show_default=True)  # fmt: skip
@click.option("--seed", type=SEED, default=0, help="Decides which pictures are drawn.")
@click.pass_context
def plot(
    context: click.Context,
    /,
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

    The figures of the data set at SOURCE go to --out: labels, samples and mean_faces; for whole
    pictures with marked faces (readers coco, dataturks, fddb, voc, wider) boxes, sizes and
    faces_per_picture. With --augment also augmented: pictures as the network sees them in training
    with that recipe (for face crops this needs the 'train' extra).
    """
    from mien.cli.support.inputs import check_outputs
    from mien.datasets.base import SceneDataset
    from mien.reports.figures.save import save_figure

    check_outputs(context, ["out"])
    folder = _folder(out, suffix)
    divided = open_divided(source, dataset, options, splits)
    if split is None:
        held = divided.splits()
        split = held[0] if held and "train" not in held else "train"
    draw: Any = _draw_scenes if isinstance(divided, SceneDataset) else _draw_crops
    figures, unreadable, no_face = draw(divided, split, seed, augment, Path(source).name)
    for title, figure in figures.items():
        path = folder / f"{title}.{suffix}"
        save_figure(figure, path)
        say(str(path))
    if unreadable:
        say(f"{unreadable:,} of the pictures drawn cannot be read", err=True)
    if no_face:
        say(f"no face found in {no_face:,} of the pictures drawn", err=True)


def _draw_crops(
    dataset: Dataset, split: str, seed: int, recipe: str | None, source: str
) -> tuple[dict[str, Figure], int, int]:
    """Name → figure, and the numbers of pictures that cannot be read and without a face."""
    from mien.cli.support.progress import meter
    from mien.datasets.crops.survey import survey_crops
    from mien.extras import require_extra
    from mien.reports.figures.datasets.crops import augmented_crops_figure, crop_figures
    from mien.reports.text import data_title
    from mien.train.recipe import load_classifier_recipe

    config = load_classifier_recipe(recipe) if recipe else None
    if config:
        require_extra("train", "'mien data plot --augment'")
    with meter() as update:
        survey = survey_crops(dataset, split, seed=seed, on_progress=update)
    figures = crop_figures(survey, source)
    if config:
        from mien.train.classification.preview import describe_views, preview_survey

        labels, made = preview_survey(survey, config)
        figures["augmented"] = augmented_crops_figure(
            made.plain, made.views, made.mixed, labels,
            f"{data_title(survey.dataset, source)}, split {split}, under the recipe {config.name}\n"
            f"{describe_views(config)}",
        )  # fmt: skip
    return figures, survey.unreadable, survey.no_face


def _draw_scenes(
    dataset: SceneDataset, split: str, seed: int, recipe: str | None, source: str
) -> tuple[dict[str, Figure], int, int]:
    """Name → figure, the number of pictures that cannot be read, and 0."""
    from mien.datasets.scenes.survey import survey_scenes
    from mien.reports.figures.datasets.scenes import augmented_views_figure, scene_figures
    from mien.reports.text import data_title
    from mien.train.detection.preview import sample_views
    from mien.train.recipe import load_detector_recipe

    config = load_detector_recipe(recipe) if recipe else None
    survey = survey_scenes(dataset, split, seed=seed)
    figures = scene_figures(survey, source)
    if config:
        figures["augmented"] = augmented_views_figure(
            sample_views(dataset, split, config, seed=seed),
            f"{data_title(survey.dataset, source)}, split {split}, under the recipe {config.name}: "
            f"views of {config.view}×{config.view}, ignored faces dashed",
        )
    return figures, survey.unreadable, 0


def _folder(out: str, suffix: str) -> Path:
    """The folder of the figures, made and writable before the work starts."""
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
