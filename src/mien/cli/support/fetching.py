"""The pictures of a data set that lists mere addresses, brought before a command reads them."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def with_pictures(dataset: T) -> T:
    """``dataset``, its pictures fetched behind a bar; any that needs none comes back at once.

    Raises ``DatasetError`` where not one picture is to be had, ``OutputError``.
    """
    from mien.cli.support.progress import meter
    from mien.datasets.files.fetching import fetch_pictures

    with meter(unit="pictures fetched") as update:
        fetch_pictures(dataset, update)
    return dataset
