"""The command line, run in this process: importing PyTorch anew would take seconds."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from mien.cli.app import main


def mien(*args: object) -> int:
    """Exit status of ``mien`` with these arguments."""
    with pytest.raises(SystemExit) as done:
        main([str(arg) for arg in args])
    assert isinstance(done.value.code, int)
    return done.value.code


def every_command(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Everything that can be run, with its words, such as ``data info``."""
    if not isinstance(command, click.Group) or (path and command.invoke_without_command):
        yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from every_command(inner, f"{path} {name}".strip())
