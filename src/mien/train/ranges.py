"""Types of a recipe's keys that carry the allowed values, and the check of a config against them.

``dropout: Share`` is a float in [0, 1]; a type checker sees the float alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

from mien.specs.metadata import LARGEST_INPUT


@dataclass(frozen=True, slots=True)
class Rule:
    """Which values a key may have."""

    allows: Callable[[Any], bool]
    must: str
    """Ends the sentence "KEY must …"."""
    choices: tuple[Any, ...] = ()


def one_of(*choices: str | int) -> Rule:
    """Only these values are allowed."""
    *others, last = map(str, choices)
    names = " or ".join(filter(None, (", ".join(others), last)))
    return Rule(lambda value: value in choices, f"be {names}", choices)


def below(limit: float) -> Rule:
    """From 0 to ``limit``, which is excluded."""
    return Rule(lambda value: 0 <= value < limit, f"be in [0, {limit})")


def whole(low: int, high: int) -> Rule:
    """From ``low`` to ``high``, both included."""
    return Rule(lambda value: low <= value <= high, f"be from {low} to {high}")


# Beyond these limits single precision overflows and arrays fit into no memory. No recipe comes near
# them.
MOST, LEAST, LARGEST = 10**9, 1e-12, 1e30

Positive = Annotated[
    float,
    Rule(lambda value: LEAST <= value <= LARGEST, f"be positive, from {LEAST:g} to {LARGEST:g}"),
]
NotNegative = Annotated[
    float, Rule(lambda value: 0 <= value <= LARGEST, f"not be negative, or above {LARGEST:g}")
]
Share = Annotated[float, Rule(lambda value: 0 <= value <= 1, "be in [0, 1]")]
Factor = Annotated[float, Rule(lambda value: 1 <= value <= 100, "be from 1 to 100")]
Count = Annotated[int, Rule(lambda value: 1 <= value <= MOST, f"be positive, at most {MOST}")]
CountOrZero = Annotated[
    int, Rule(lambda value: 0 <= value <= MOST, f"not be negative, or above {MOST}")
]
CountOrNone = Annotated[
    int | None,
    Rule(
        lambda value: value is None or 1 <= value <= MOST,
        f"be positive, or left out, and at most {MOST}",
    ),
]
Side = Annotated[int, whole(1, LARGEST_INPUT)]
"""Pixels of a network's input."""
Seed = Annotated[int, Rule(lambda value: 0 <= value < 2**32, "be from 0 to 2**32 - 1")]


def out_of_range(config: object) -> Iterator[str]:
    """One sentence for each key of ``config``, a dataclass, whose value is not allowed."""
    kind: Any = type(config)
    for key, rule in rules(kind).items():
        value = getattr(config, key)
        if not _finite(value):
            yield f"{key} must be finite"
        elif rule and not rule.allows(value):
            yield f"{key} must {rule.must}"


def choices(kind: Any, key: str) -> tuple[Any, ...]:
    """The values that ``key`` of the dataclass ``kind`` may have if they are listed, else none."""
    rule = rules(kind)[key]
    return rule.choices if rule else ()


@cache
def rules(kind: Any) -> dict[str, Rule | None]:
    """Each key of a config, a dataclass, and the rule for its values, if there is one."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        key: next((part for part in get_args(hint) if isinstance(part, Rule)), None)
        for key, hint in hints.items()
    }


def _finite(value: Any) -> bool:
    """Whether every float in ``value``, a number or nested tuples of numbers, is finite."""
    if isinstance(value, tuple):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
