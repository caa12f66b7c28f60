"""Local days as people type them."""

from __future__ import annotations

from datetime import date

import click

from mien.errors import ConfigError


def day_of(_: click.Context, parameter: click.Parameter, text: str | None) -> date | None:
    """The local day that an option names. Raises ``ConfigError``."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{parameter.opts[0]} {text!r} is not a day: give 2026-03-01") from None
