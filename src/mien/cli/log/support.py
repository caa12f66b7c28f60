"""The options of all ``mien log`` commands that say which log is meant."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from mien.errors import ConfigError

if TYPE_CHECKING:
    from mien.log.database import Log
    from mien.log.times import Zone

F = TypeVar("F", bound=Callable[..., Any])


def of_log(function: F) -> F:
    """Add ``--log`` and ``--key-file`` to a command: parameters ``target`` and ``key_file``."""
    for option in (
        click.option(
            "--key-file", metavar="FILE",
            help="File with the key of an encrypted log (default: the variable MIEN_LOG_KEY).",
        ),
        click.option(
            "--log", "target", default="mien-log.db", show_default=True, envvar="MIEN_LOG",
            show_envvar=True, metavar="FILE|URL", help="The log, or postgresql://… of a server.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


ZONE = click.option(
    "--timezone", metavar="NAME",
    help="Zone of local times, such as Europe/Berlin (default: this machine's).",
)  # fmt: skip
KEEP = click.option(
    "--keep", multiple=True, metavar="KIND=DAYS",
    help="For how many days readings, observations, hours, alerts or pictures are kept, or "
    "'forever'; can be repeated (default: 7, 400, 1830, 400 and 21).",
)  # fmt: skip


def open_(target: str, key_file: str | None) -> Log:
    """The log that the options name."""
    require()
    from mien.log.opening import open_log, read_key

    return open_log(target, key=read_key(key_file))


def log_again() -> str:
    """`` --log FILE`` for a command that is proposed, if this one had it; the address of a server,
    which may hold a password, is not repeated.
    """
    context = click.get_current_context()
    if context.get_parameter_source("target") is not ParameterSource.COMMANDLINE:
        return ""
    target = context.params["target"]
    return f" --log {'URL' if '://' in target else shlex.quote(target)}"


def require() -> None:
    """Raise ``MissingExtraError`` before anything of the log is imported."""
    from mien.extras import require_extra

    require_extra("log", "a log")


def zone_of(name: str | None) -> Zone:
    """The time zone of an option."""
    from mien.log.times import Zone

    return Zone(name)


def keep_days(texts: tuple[str, ...]) -> dict[str, float | None]:
    """Kind → days, from ``KIND=DAYS``. Raises ``ConfigError``."""
    found: dict[str, float | None] = {}
    for text in texts:
        kind, _, days = text.partition("=")
        try:
            found[kind] = None if days == "forever" else float(days)
        except ValueError:
            raise ConfigError(
                f"{text!r} is not how long something is kept: give observations=400, or =forever"
            ) from None
    return found
