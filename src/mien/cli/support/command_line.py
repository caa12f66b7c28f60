"""The parameters of a command as the user typed them."""

from __future__ import annotations

import shlex
from collections.abc import Collection

import click
from click.core import ParameterSource

from mien.errors import ConfigError


def as_typed(context: click.Context, without: Collection[str] = ()) -> str:
    """The command line as typed, quoted for a shell; ``without``: parameters that are left out."""
    words = context.command_path.split()
    for parameter in _typed_parameters(context):
        if parameter.name in without:
            continue
        value = context.params[str(parameter.name)]
        for each in value if isinstance(value, tuple) else (value,):
            words += [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
            words += [] if each is True or each is None else [str(each)]
    return shlex.join(words)


def refuse(context: click.Context, names: Collection[str], why: str) -> None:
    """Raise ``ConfigError``, which says ``why``, if one of the named parameters was typed."""
    for parameter in _typed_parameters(context):
        if parameter.name in names:
            raise ConfigError(f"{parameter.opts[0]} {why}: leave it out")


def _typed_parameters(context: click.Context) -> list[click.Parameter]:
    return [
        parameter
        for parameter in context.command.params
        if context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]
