"""Recipes: TOML files, given by path or by the name of one that ships with Mien.

The ``recipe.json`` of a run is one too.

A recipe with ``task = "detection"`` trains a face detector (``mien.train.detection.config``), any
other one a classifier (``mien.train.classification.config``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, UnknownNameError, brief
from mien.parsing import MOST_TOML, parse_json, parse_toml
from mien.reading import read_file
from mien.train.classification.config import ClassifierConfig
from mien.train.config import BaseConfig
from mien.train.detection.config import DetectorConfig

UNFROZEN: dict[str, Any] = {
    "weights": None, "freeze_epochs": 0, "freeze_statistics": False, "network_from_weights": False,
}  # fmt: skip
"""Keys of a classifier that starts at random."""
RECIPES = Path(__file__).parent / "recipes"


def named_file(kind: str, name_or_path: str | Path, folder: Path) -> Path:
    """The path of a TOML file, given as such or as the name of one in ``folder``.

    Raises ``UnknownNameError`` for an unknown name; ``kind`` says in messages what the file is.
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
    """The content of a TOML file; ``kind`` says in ``ConfigError`` messages what the file is."""
    try:
        return parse_toml(read_file(path, MOST_TOML, pipes=True))
    except OSError as error:
        raise ConfigError(f"cannot read the {kind} {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"the {kind} {path} is not valid TOML: {error}") from None


def recipe_names() -> list[str]:
    """Names of the recipes that ship with Mien."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def config_of(values: Mapping[str, Any], where: str) -> ClassifierConfig | DetectorConfig:
    """The config of a recipe's ``values``, of the kind that its ``task`` names.

    ``weights = "none"`` means random weights, and then nothing is frozen: random weights would
    never be trained. Raises ``ConfigError``; ``where`` names the origin in messages.
    """
    task, random = values.get("task"), values.get("weights") == "none"
    if task == "detection":
        if "teacher" in values:
            raise ConfigError(f"{where}: face detectors cannot learn from a teacher: leave it out")
        unfrozen = {"weights": None, "frozen_stages": 0, "norm": "batch"} if random else {}
        return DetectorConfig.from_dict({**values, **unfrozen}, where)
    if task is not None:
        raise ConfigError(
            f"{where}: task must be 'detection', or left out for a classifier, got {brief(task)}"
        )
    unfrozen = UNFROZEN if random else {}
    return ClassifierConfig.from_dict({**values, **unfrozen}, where)


def read_recipe(name_or_path: str | Path) -> dict[str, Any]:
    """The keys of a recipe, given by its name, its TOML file or the ``recipe.json`` of a run.

    Raises ``UnknownNameError`` and ``ConfigError``.
    """
    path = Path(name_or_path)
    if path.suffix == ".json":
        recipe = _read_json(path)
    else:
        path = named_file("recipe", name_or_path, RECIPES)
        recipe = read_toml("recipe", path)
    recipe.setdefault("name", path.stem)
    return recipe


def _read_json(path: Path) -> dict[str, Any]:
    try:
        recipe = parse_json(read_file(path, MOST_TOML, pipes=True))
    except OSError as error:
        raise ConfigError(f"cannot read the recipe {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"the recipe {path} is not valid JSON: {error}") from None
    if not isinstance(recipe, dict):
        raise ConfigError(f"the recipe {path} is not an object of keys and values")
    return recipe


def to_toml(config: BaseConfig) -> str:
    """A recipe as TOML with every key, from which ``load_recipe`` makes an equal config."""
    own = {field.name: field.default for field in fields(config)}
    lines = []
    for key, value in config.to_dict().items():
        if value is not None:
            lines.append(f"{key} = {json.dumps(value)}\n")
        elif own[key] is not None:
            lines.append(f'{key} = ""\n')
    return "".join(lines)


def load_recipe(
    name_or_path: str | Path,
    overrides: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> ClassifierConfig | DetectorConfig:
    """The config of a recipe, given by its name, its TOML file or the ``recipe.json`` of a run.

    ``overrides`` are texts ``key=value`` in TOML's spelling, but text needs no quotes; ``values``
    are keys with Python values. Both replace what the recipe says, and ``values`` win. Raises
    ``UnknownNameError`` and ``ConfigError``.
    """
    recipe = read_recipe(name_or_path)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(f"--set takes KEY=VALUE, got {brief(override)}")
        try:
            recipe[key.strip()] = parse_toml(f"value = {text}")["value"]
        except ValueError:
            recipe[key.strip()] = text.strip()
    recipe.update(values or {})
    chosen = {*(override.partition("=")[0].strip() for override in overrides), *(values or {})}
    if "epochs" in chosen and "min_steps" not in chosen and "min_steps" in recipe:
        recipe["min_steps"] = 0  # the user's number of epochs counts
    return config_of(recipe, where=str(name_or_path))


def load_detector_recipe(name_or_path: str | Path) -> DetectorConfig:
    """``load_recipe``, but raises ``ConfigError`` for a classifier's recipe."""
    config = load_recipe(name_or_path)
    if not isinstance(config, DetectorConfig):
        raise ConfigError(
            f"the recipe {config.name!r} trains a classifier of face crops: give a face detector's "
            "('mien train --list' names them all)"
        )
    return config


def load_classifier_recipe(
    name_or_path: str | Path,
    overrides: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
) -> ClassifierConfig:
    """``load_recipe``, with a ``ConfigError`` for a detector's recipe."""
    config = load_recipe(name_or_path, overrides, values)
    if isinstance(config, DetectorConfig):
        raise ConfigError(
            f"the recipe {config.name!r} trains a face detector: give a classifier's "
            "('mien train --list' names them all)"
        )
    return config
