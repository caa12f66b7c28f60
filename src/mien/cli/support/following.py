"""Options of the commands that follow people over time."""

from __future__ import annotations

from typing import Any

import click

from mien.cli.support.numbers import Finite
from mien.errors import ConfigError

SMOOTH = click.option(
    "--smooth", type=Finite(min=0), metavar="SECONDS",
    help="Average the answers about a person over SECONDS; 0: not at all (default: 0.1).",
)  # fmt: skip
CLASSIFY_EVERY = click.option(
    "--classify-every", type=Finite(min=0), default=0.0, metavar="SECONDS",
    help="Name the expression of a person once in SECONDS, such as 0.1, and keep it in between: "
    "faster (default: in every frame).",
)  # fmt: skip


def follow_options(
    no_track: bool,
    smooth: float | None,
    offline: bool = False,
    detect_every: int = 1,
    classify_every: float = 0.0,
) -> dict[str, Any]:
    """Keyword arguments of ``Recognizer.watch``, of what was typed; ``None`` is the default.

    Raises ``ConfigError`` for options that do not go together.
    """
    from mien.tracking.smoothing import TIME_CONSTANT_S

    if no_track and detect_every > 1:
        raise ConfigError("--detect-every looks where persons should be: leave out --no-track")
    if no_track and classify_every:
        raise ConfigError("--classify-every keeps what a person showed: leave out --no-track")
    if no_track and (smooth or offline):
        name = "--offline" if offline else "--smooth"
        raise ConfigError(f"{name} averages the answers about a person: leave out --no-track")
    if offline and smooth == 0:
        raise ConfigError("--offline averages over time, and --smooth is 0: leave out one of them")
    return {
        "track": not no_track, "smooth": TIME_CONSTANT_S if smooth is None else smooth,
        "offline": offline, "detect_every": detect_every, "classify_every": classify_every,
    }  # fmt: skip
