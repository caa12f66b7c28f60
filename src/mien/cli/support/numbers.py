"""Types of the numbers that several commands take; each limit is that of what uses the number."""

from __future__ import annotations

import math
import re
from typing import Any

import click

from mien.runtime import MOST_THREADS

THREADS = click.IntRange(1, MOST_THREADS)
SEED = click.IntRange(0, 2**32 - 1)
"""What NumPy's, PyTorch's and Optuna's generators all take."""
COUNT = click.IntRange(1, 10**9)
"""A number of pictures, epochs or trials."""


class Finite(click.FloatRange):
    """``click.FloatRange`` that refuses ``nan``, which no comparison excludes, and ``inf``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; a usage error if it is not finite or out of range."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number

    def _describe_range(self) -> str:  # for the help, where Click would print x<=None
        return "" if self.min is None and self.max is None else super()._describe_range()


class Seconds(click.ParamType):  # type: ignore[type-arg]  # not generic in Click 8.2
    """Seconds from the start of a video: ``90``, ``1:30`` or ``0:01:30.5``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; a usage error for anything else."""
        if isinstance(value, float):
            return value
        parts = re.fullmatch(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,9}(?:\.\d*)?)", str(value), re.A)
        if parts is None:
            self.fail(f"{value} is not a time: give seconds, or 1:30, or 0:01:30.", param, ctx)
        hours, minutes, seconds = (float(part or 0) for part in parts.groups())
        return hours * 3600 + minutes * 60 + seconds
