"""From what TOML or JSON says to the typed fields of a recipe, and back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from mien.errors import ConfigError, nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Settings = TypeVar("Settings", bound=DataclassInstance)


def to_plain(config: DataclassInstance) -> dict[str, Any]:
    """JSON-ready; ``from_plain`` reads it back to an equal config."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


def from_plain(kind: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """A config of ``kind``, a dataclass that checks itself, with ``values``.

    Raises ``ConfigError``, in which ``where`` names the origin: an unknown key is answered with the
    nearest known one, a value of the wrong type with what was expected.
    """
    hints = get_type_hints(kind)
    clean = {}
    for key, value in values.items():
        if key not in hints:
            near = nearest(key, hints)
            hint = f"did you mean {near!r}?" if near else f"known keys: {', '.join(hints)}"
            raise ConfigError(f"{where}: unknown key {key!r}: {hint}")
        clean[key] = _typed(value, hints[key], f"{where}: {key}")
    if "name" not in clean:
        raise ConfigError(f"{where}: the key 'name' is missing")
    return kind(**clean)


def _typed(value: Any, hint: Any, where: str) -> Any:
    """``value`` as the field's type, or ``ConfigError``.

    TOML has lists where a config has tuples, reads 1 as no float and has no word for ``None``,
    which is written as an empty text.
    """
    lists = {tuple[int, ...]: int, tuple[float, ...]: float, tuple[str, ...]: str}
    if hint in lists:
        return tuple(_typed(v, lists[hint], where) for v in _listed(value, where))
    if hint == tuple[tuple[float, int], ...]:
        pairs = [_listed(pair, where) for pair in _listed(value, where)]
        if any(len(pair) != 2 for pair in pairs):
            raise ConfigError(f"{where} must be a list of [share, side] pairs, got {value!r}")
        return tuple((_typed(a, float, where), _typed(b, int, where)) for a, b in pairs)
    for kind in (bool, int, float, str):
        if hint == (kind | None) and value in (None, ""):
            return None
        if hint == kind or hint == (kind | None):
            if kind is float and type(value) is int:
                return float(value)
            if type(value) is kind:
                return value
            raise ConfigError(f"{where} must be {_KINDS[kind]}, got {value!r}")
    raise AssertionError(f"unsupported config type {hint}")  # a field of a new type needs a rule


def _listed(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{where} must be a list, got {value!r}")
    return value


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
