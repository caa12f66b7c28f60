"""Recipes: TOML files over ``TrainConfig``, by the name of one that ships with Mien or by path."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, UnknownNameError
from mien.train.config import TrainConfig

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

RECIPES = Path(__file__).parent / "recipes"


def named_file(kind: str, name_or_path: str | Path, folder: Path) -> Path:
    """A TOML file by its path, or by the name of one in ``folder``.

    ``kind`` says in errors what it is. Raises ``UnknownNameError`` for a name that is not there.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml":
        return path
    path = folder / f"{name_or_path}.toml"
    if not os.path.isfile(path):  # noqa: PTH113 - Path's own raises on odd names
        names = [found.stem for found in folder.glob("*.toml")]
        raise UnknownNameError(kind, str(name_or_path), names, "or give the path of a .toml file")
    return path


def read_toml(kind: str, path: Path) -> dict[str, Any]:
    """What a TOML file says; raises ``ConfigError``, in which ``kind`` says what it is."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the {kind} {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the {kind} {path} is no valid TOML: {error}") from None


def recipe_names() -> list[str]:
    """Names of the recipes that ship with Mien."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(
    name_or_path: str | Path,
    overrides: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> TrainConfig:
    """Read a recipe by name or TOML file.

    ``overrides`` are ``key=value`` in TOML's own spelling, where a bare word is text; ``values``
    are keys with ready values. Both go before what the recipe says, ``values`` before all.
    Raises ``UnknownNameError`` and ``ConfigError``.
    """
    path = named_file("recipe", name_or_path, RECIPES)
    recipe = read_toml("recipe", path)
    recipe.setdefault("name", path.stem)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(f"--set takes KEY=VALUE, got {override!r}")
        try:
            recipe[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            recipe[key.strip()] = text.strip()  # a bare word is text
    recipe.update(values or {})
    return TrainConfig.from_dict(recipe, where=str(name_or_path))
