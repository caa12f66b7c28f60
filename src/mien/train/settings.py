"""From what TOML or JSON says to the typed fields of a recipe, and back."""

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
    """JSON-ready; ``from_plain`` reads it back to an equal config."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


def from_plain(kind: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """A config of ``kind``, a dataclass that checks itself, with ``values``.

    Raises ``ConfigError``, in which ``where`` names the origin: an unknown key is answered with the
    nearest known one, a value of the wrong type with what was expected.
    """
    clean = convert_all(values, get_type_hints(kind), where, noun="key", from_text=False)
    if "name" not in clean:
        raise ConfigError(f"{where}: the key 'name' is missing")
    return kind(**clean)
