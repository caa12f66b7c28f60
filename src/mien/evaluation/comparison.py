"""What every comparison of models has: a row for each, and the best against each other one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError

A = TypeVar("A")
Row = TypeVar("Row")
Pair = TypeVar("Pair")

Facts = Callable[[A, A], Iterable[tuple[str, object, object]]]
"""From the first and another model's answers to (name of a fact, first value, other value)."""


@dataclass(frozen=True, slots=True)
class Comparison(Generic[Row, Pair]):
    """Models side by side, the best first, and the best paired with each of the others."""

    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; floats are not rounded."""
        return asdict(self)


def count_only(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> int:
    """How many items only the ``first`` of two models gets right; both (N,)."""
    return int((first & ~second).sum())


def check_same(answers: Mapping[str, A], facts: Facts[A], models: str) -> None:
    """Raise ``InputError``, which names the first difference, unless all ``facts`` are equal.

    ``answers`` are by model name; ``models`` says what is compared, such as "detectors".
    """
    if len(answers) < 2:
        raise InputError(f"a comparison needs two {models} or more")
    (first, reference), *others = answers.items()
    for name, other in others:
        for what, a, b in facts(reference, other):
            if a != b:
                raise InputError(
                    f"{first} and {name} cannot be compared: {what} {a} against {b}; "
                    "measure both in the same way on the same pictures"
                )
