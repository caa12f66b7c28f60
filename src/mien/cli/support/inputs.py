"""The inputs of a command, which none of its outputs may overwrite."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import click

from mien.errors import OutputError
from mien.overwriting import check_apart


def check_outputs(
    context: click.Context, names: Collection[str], files: Iterable[str | Path] = ()
) -> None:
    """Raise ``OutputError`` if an output of the command would overwrite an input, or is empty.

    ``names`` are the parameters that name outputs; ``files`` are those that the command writes into
    them. Whatever else the user typed counts as an input if there is such a file.
    """
    outputs = [context.params[name] for name in names]
    if "" in outputs:
        raise OutputError("cannot write to '', which names no file or folder: give a path")
    check_apart((*outputs, *files), _inputs(context, names))


def _inputs(context: click.Context, outputs: Collection[str]) -> Iterator[Path]:
    for parameter in context.command.params:
        if parameter.name in outputs:
            continue
        value = context.params.get(str(parameter.name))
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, str):
                for text in (each, each.partition("=")[2]):  # such as --option labels=FILE
                    yield from _files(Path(text)) if text else ()


def _files(path: Path) -> Iterator[Path]:
    """The path, or the files of a training run: results of its model may go into its folder."""
    if os.path.isfile(path / "recipe.json"):  # noqa: PTH113 - never raises, as for long names
        with suppress(OSError):
            yield from (file for file in path.iterdir() if file.suffix in _OF_A_RUN)
    else:
        yield path


_OF_A_RUN = {".pt", ".json", ".jsonl"}
