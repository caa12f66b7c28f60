"""Recipes: TOML files by the name of one that ships with Mien or by path.

One that says ``task = "detection"`` is a face detector's (``mien.train.detection.config``), any
other one a classifier's (``mien.train.classification.config``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, UnknownNameError
from mien.train.classification.config import ClassifierConfig
from mien.train.detection.config import DetectorConfig

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


def config_of(values: Mapping[str, Any], where: str) -> ClassifierConfig | DetectorConfig:
    """The config that a recipe's ``values`` say, of the kind that its ``task`` names.

    ``weights = "none"`` is a start at random: nothing is kept frozen then, since it would stay so.
    Raises ``ConfigError``, in which ``where`` names the origin.
    """
    task, at_random = values.get("task"), values.get("weights") == "none"
    if task == "detection":
        if "teacher" in values:
            raise ConfigError(f"{where}: a face detector learns from no teacher: leave it out")
        random = {"weights": None, "frozen_stages": 0, "norm": "batch"}
        return DetectorConfig.from_dict({**values, **(random if at_random else {})}, where)
    if task is not None:
        raise ConfigError(
            f"{where}: task must be 'detection', or left out for a classifier, got {task!r}"
        )
    random = {"weights": None, "freeze_epochs": 0}
    return ClassifierConfig.from_dict({**values, **(random if at_random else {})}, where)


def load_recipe(
    name_or_path: str | Path,
    overrides: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> ClassifierConfig | DetectorConfig:
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
    return config_of(recipe, where=str(name_or_path))


def load_classifier_recipe(
    name_or_path: str | Path,
    overrides: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> ClassifierConfig:
    """``load_recipe`` where a detector's recipe is of no use, which is a ``ConfigError``."""
    config = load_recipe(name_or_path, overrides, values)
    if isinstance(config, DetectorConfig):
        raise ConfigError(
            f"the recipe {config.name!r} trains a face detector: give a classifier's "
            "('mien train --list' names them all)"
        )
    return config
