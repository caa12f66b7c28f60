"""Single values of a recipe that are out of their range, of whatever kind the recipe is."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def out_of_range(
    config: DataclassInstance,
    *,
    choices: Mapping[str, Sequence[str]],
    positive: Iterable[str],
    shares: Iterable[str],
    not_negative: Iterable[str],
    positive_or_none: Iterable[str],
    listed: Iterable[float],
) -> Iterator[str]:
    """A sentence for every key of ``config`` that is not one of its ``choices``, or out of range.

    ``listed`` are the numbers of keys that hold several. The keys ``ema`` and ``seed`` are checked
    in every recipe.
    """
    values = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    for key, known in choices.items():
        if values[key] not in known:
            yield f"{key} must be {' or '.join(filter(None, (', '.join(known[:-1]), known[-1])))}"
    for key in positive:
        if not values[key] > 0:
            yield f"{key} must be positive"
    for key in shares:
        if not 0 <= values[key] <= 1:
            yield f"{key} must be in [0, 1]"
    for key in not_negative:
        if not values[key] >= 0:
            yield f"{key} must not be negative"
    for key in positive_or_none:
        if values[key] is not None and values[key] < 1:
            yield f"{key} must be positive, or left out"
    floats = [*(value for value in values.values() if isinstance(value, float)), *listed]
    if not all(map(math.isfinite, floats)):
        yield "nan and inf are no settings"
    if not 0 <= values["ema"] < 1:
        yield "ema must be in [0, 1)"
    if values["seed"] >= 2**32:
        yield "seed must be below 2**32"
