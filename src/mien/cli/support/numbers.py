"""Types of the numbers that several commands take; each limit is that of what uses the number."""

from __future__ import annotations

import math
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
