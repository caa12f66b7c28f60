"""Options of several ``mien alerts`` commands."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import click

RULES = click.option(
    "--rules", "path", metavar="FILE",
    help="Rules and targets in TOML (default: Mien's rules, to standard output).",
)  # fmt: skip
ZONE = click.option(
    "--timezone", metavar="NAME",
    help="Zone of local days and quiet hours, such as Europe/Berlin (default: this machine's).",
)  # fmt: skip


def zone_of(name: str | None) -> tzinfo | None:
    """The zone of an option; ``None`` is this machine's. Raises ``ConfigError``."""
    from mien.monitor.local_time import zone

    return None if name is None else zone(name)


def utc_now() -> datetime:
    """The moment."""
    return datetime.now(UTC)
