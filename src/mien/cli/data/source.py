"""The options of all ``mien data`` commands that decide how a data set is read and divided."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mien.datasets.base import Dataset, SceneDataset

F = TypeVar("F", bound=Callable[..., Any])


def reader(function: F) -> F:
    """Add ``--dataset`` and ``--option`` to a command: parameters ``dataset`` and ``options``."""
    for option in (
        click.option(
            "--option", "options", multiple=True, metavar="KEY=VALUE",
            help="An option of the reader, such as classes=7 for ferplus; can be repeated.",
        ),
        click.option(
            "--dataset", default="auto", show_default=True, metavar="NAME",
            help="Reader of the data set; auto: guessed from what lies there, and said.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def division(function: F) -> F:
    """Add ``--splits`` to a command: parameter ``splits``."""
    return click.option(
        "--splits", default="official", show_default=True, metavar="HOW",
        help="Divide split train first, as a recipe's 'splits' does: random:90/10, subject:80/20 …",
    )(function)  # fmt: skip


def open_divided(
    path: str, dataset: str, options: tuple[str, ...], splits: str
) -> Dataset | SceneDataset:
    """The data set at ``path``, divided; pictures from the web are fetched behind a bar."""
    from mien.cli.support.photos import hint_at_photos, search_photos
    from mien.cli.support.progress import meter
    from mien.cli.support.reader import say_reader
    from mien.datasets.files.fetching import FetchesPictures
    from mien.datasets.opening import AUTO, open_dataset
    from mien.datasets.splits import resplit

    opened = open_dataset(path, dataset, options)
    say_reader(path, opened, dataset == AUTO)
    if isinstance(opened, FetchesPictures):
        with meter(unit="pictures fetched") as update:
            opened.fetch(update)
    hint_at_photos(opened, options)
    search_photos(opened, splits)
    return resplit(opened, splits)
