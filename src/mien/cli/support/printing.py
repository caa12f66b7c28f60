"""Every line that a command prints goes through here: nothing in it can act on a terminal."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from mien.escaping import for_json, for_terminal


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 epoch, 2 epochs."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def say(*lines: object, err: bool = False) -> None:
    """Print each of ``lines`` on a line of its own, on standard output or with ``err`` on error."""
    for line in lines:
        click.echo(for_terminal(line), err=err)


def complain(what: object) -> None:
    """Print ``mien: …`` on one line of standard error, even if ``what`` has line breaks."""
    say(f"mien: {' '.join(str(what).split())}", err=True)


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Print ``value`` as one JSON object; what JSON does not know becomes text."""
    is_unicode = (sys.stdout.encoding or "").lower().replace("_", "-") in ("utf-8", "utf8")
    text = json.dumps(value, indent=indent, ensure_ascii=not is_unicode, default=str)
    click.echo(for_json(text))


@contextmanager
def warnings_on_one_line() -> Iterator[None]:
    """Print the warnings of libraries, which may quote names, as ``complain`` does."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        complain(f"{category.__name__}: {message}")

    before, warnings.showwarning = warnings.showwarning, show
    try:
        yield
    finally:
        warnings.showwarning = before
