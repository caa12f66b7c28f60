"""The options that say how a data set is to be read, the same for every ``mien data`` command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def reader(function: F) -> F:
    """Add ``--dataset`` and ``--option`` to a command: parameters ``dataset`` and ``options``."""
    for option in (
        click.option(
            "--option", "options", multiple=True, metavar="KEY=VALUE",
            help="An option of the reader, such as classes=7 of ferplus; can be repeated.",
        ),
        click.option(
            "--dataset", default="fer2013", show_default=True, metavar="NAME",
            help="Name of its reader.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function
