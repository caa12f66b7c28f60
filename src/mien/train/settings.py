"""Converts a recipe between TOML or JSON values and a typed config."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from mien.errors import ConfigError
from mien.options import convert_all

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Settings = TypeVar("Settings", bound=DataclassInstance)


def to_plain(config: DataclassInstance) -> dict[str, Any]:
    """``config`` as JSON-ready values, from which ``from_plain`` makes an equal config."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


def from_plain(kind: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """A config of ``kind``, a dataclass that checks itself, with ``values``.

    Raises ``ConfigError``, whose message begins with ``where``, for an unknown key, a value of the
    wrong type and a missing name.
    """
    clean = convert_all(values, get_type_hints(kind), where, noun="key", from_text=False)
    if "name" not in clean:
        raise ConfigError(f"{where}: the key 'name' is missing")
    return kind(**clean)
