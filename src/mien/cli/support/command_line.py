"""The options of a command as they were typed."""

from __future__ import annotations

import shlex
from collections.abc import Collection

import click
from click.core import ParameterSource

from mien.errors import ConfigError


def typed(context: click.Context) -> str:
    """The command as it was given, for whoever wants to repeat it."""
    words = context.command_path.split()
    for parameter in _given(context):
        value = context.params[str(parameter.name)]
        for each in value if isinstance(value, tuple) else (value,):
            words += [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
            words += [] if each is True else [str(each)]
    return shlex.join(words)


def refuse(context: click.Context, names: Collection[str], why: str) -> None:
    """Raise ``ConfigError`` where one of the parameters called ``names`` was given."""
    for parameter in _given(context):
        if parameter.name in names:
            raise ConfigError(f"{parameter.opts[0]} {why}: leave it out")


def _given(context: click.Context) -> list[click.Parameter]:
    return [
        parameter
        for parameter in context.command.params
        if context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]
