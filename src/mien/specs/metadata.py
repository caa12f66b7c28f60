"""A spec as JSON in an ONNX file's metadata, and the checks that all specs share."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from mien.errors import ModelSpecError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    S = TypeVar("S", bound=DataclassInstance)

LARGEST_INPUT = 4096
"""Pixels a side; a larger value in a spec is a mistake."""


def as_metadata(spec: DataclassInstance, key: str) -> dict[str, str]:
    """A spec as one entry of an ONNX file's ``metadata_props``."""
    return {key: json.dumps(asdict(spec), ensure_ascii=False, sort_keys=True)}


def from_json(cls: type[S], text: str, trouble: str) -> S:
    """The spec that ``as_metadata`` wrote; keys that the class does not have are ignored.

    Raises ``ModelSpecError``, which begins with ``trouble``, where the text is no JSON object,
    lacks a field without a default, or the class refuses what it holds.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise ModelSpecError(f"{trouble}: {error}") from None
    known = {f.name: f.default is MISSING and f.default_factory is MISSING for f in fields(cls)}
    needed = [name for name, no_default in known.items() if no_default]
    if not isinstance(raw, dict) or any(key not in raw for key in needed):
        raise ModelSpecError(f"{trouble}: expected an object with {', '.join(needed)}")
    values = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in raw.items()
        if key in known
    }
    try:
        return cls(**values)
    except ModelSpecError as error:
        raise ModelSpecError(f"{trouble}: {error}") from None


def is_number(value: Any) -> bool:
    """Whether ``value`` is a finite number; ``True`` and ``False`` are none."""
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def are_numbers(values: Any, count: int) -> bool:
    """Whether ``values`` is a tuple of so many finite numbers."""
    return isinstance(values, tuple) and len(values) == count and all(map(is_number, values))
