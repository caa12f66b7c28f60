"""Ranges of numbers on the command line, so that no library is asked for the impossible."""

from __future__ import annotations

import math
from typing import Any

import click

THREADS = click.IntRange(1, 1024)
"""More than the cores of any machine; systems refuse some thousands more in ways of their own."""

COUNT = click.IntRange(1, 2**31 - 1)
"""A number of pictures, epochs or trials."""

SEED = click.IntRange(0, 2**32 - 1)
"""What NumPy's, PyTorch's and Optuna's generators all take."""


class Finite(click.FloatRange):
    """A number within limits. Without them Python also reads ``nan`` and ``inf``."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As Click does, or a usage error."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
