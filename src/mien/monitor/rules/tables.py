"""A table of a TOML file → a frozen dataclass whose fields are the keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

from mien.errors import ConfigError, UnknownNameError, brief, did_you_mean
from mien.options import convert_all
from mien.parsing import is_text

MOST_NAME = 64
"""Characters of a name."""


class Checked(Protocol):
    """What is made of a table."""

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is out of range."""


Made = TypeVar("Made", bound=Checked)


def made_of(factory: type[Made], values: Mapping[str, Any], where: str, **ready: Any) -> Made:
    """What ``factory`` makes of a table, checked; ``where`` begins the messages of errors.

    ``ready``: fields that are no keys of the table. Raises ``ConfigError``.
    """
    found = typed(factory, values, where)
    kind: Any = factory
    needed = [f.name for f in fields(kind) if f.default is f.default_factory is MISSING]
    if missing := [name for name in needed if name not in found]:
        raise ConfigError(f"{where}: {missing[0]} is missing")
    made = factory(**found, **ready)
    try:
        made.check()
    except (UnknownNameError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from None
    return made


def typed(factory: Any, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``values`` as the types of ``factory``'s fields; a choice of texts is checked here."""
    hints = {key: kind for key, kind in get_type_hints(factory).items() if key in _names(factory)}
    choices = {key: get_args(kind) for key, kind in hints.items() if get_origin(kind) is Literal}
    plain = {key: str if key in choices else kind for key, kind in hints.items()}
    found = convert_all(values, plain, where, noun="key", from_text=False)
    for key, allowed in choices.items():
        if key in found and found[key] not in allowed:
            hint = did_you_mean(found[key], allowed, "values")
            raise ConfigError(f"{where}: {key} must not be {brief(found[key])}: {hint}")
    return found


def name_of(values: Mapping[str, Any], where: str) -> str:
    """The key ``name`` of a table. Raises ``ConfigError``."""
    name = values.get("name")
    if not (is_text(name, MOST_NAME) and name and name.isprintable()):
        raise ConfigError(
            f"{where}: name must be printable text of at most {MOST_NAME} characters, got "
            f"{brief(name)}"
        )
    return str(name)


def _names(factory: Any) -> set[str]:
    return {field.name for field in fields(factory)} - {"chart"}
