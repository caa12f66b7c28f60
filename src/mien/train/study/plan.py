"""What the study trains: its classifiers, cheapest first, with their settings and commands."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.errors import UnknownNameError
from mien.train.classification.config import ClassifierConfig
from mien.train.recipe import load_classifier_recipe, read_toml

SETTINGS = Path(__file__).with_name("study.toml")
SCHEDULES = ("short", "full")
REPORTED, CHOSEN_ON = "public", "valid"
"""The split that is reported, and the tenth of Training on which settings are chosen."""
SHIPPED = "shipped"
"""Name of the model that comes with Mien, among the runs."""
COST, MODEL = "cost.json", "model.onnx"
TRAINED, FAILED = "trained.json", "failed.txt"
"""The recipe of a run that is trained and measured; the last error of one that failed."""
DATA = "data.json"
"""In the study's folder: the fingerprints of its data."""


@dataclass(frozen=True, slots=True)
class Published:
    """An accuracy that others have published for this kind of classifier."""

    accuracy: tuple[float, ...]
    """In per cent: one value, or the ends of a range."""
    data: str
    source: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One classifier of the study."""

    recipe: str
    changes: Mapping[str, Any]
    """Values that override the recipe's."""
    published: Published | None

    def config(self) -> ClassifierConfig:
        """The recipe with its changes. Raises ``UnknownNameError`` and ``ConfigError``."""
        return load_classifier_recipe(self.recipe, values=self.changes)

    def command(self, data: str) -> str:
        """The ``mien train`` command of this run; ``data`` is shown as it is."""
        own = load_classifier_recipe(self.recipe).to_dict()
        changed = {k: v for k, v in self.config().to_dict().items() if v != own[k]}
        # JSON and TOML spell all values of a recipe alike, except null, which is "" in a recipe.
        sets = (f"{k}={json.dumps('' if v is None else v)}" for k, v in changed.items())
        words = [f"mien train {self.recipe} --data {data} --out runs/{self.recipe}"]
        return " ".join((*words, *(f"--set {shlex.quote(text)}" for text in sets)))


def plan(
    schedule: str = "short", only: Sequence[str] = (), from_scratch: bool = False
) -> list[Entry]:
    """The classifiers to train, cheapest first.

    ``only``: names of some; default: all. ``from_scratch``: without pretrained weights. Raises
    ``UnknownNameError`` for a name that the study does not have.
    """
    settings = read_toml("study", SETTINGS)
    order: list[str] = settings["order"]
    for name in only:
        if name not in order:
            raise UnknownNameError("classifier", name, order)
    entries = []
    for recipe in order:
        if only and recipe not in only:
            continue
        changes = {**settings["common"], **settings[schedule].get(recipe, {})}
        if from_scratch and load_classifier_recipe(recipe, values=changes).weights is not None:
            changes.update(weights="", freeze_epochs=0)
        figures = settings["published"].get(recipe)
        published = (
            Published(tuple(figures["accuracy"]), figures["data"], figures["source"])
            if figures
            else None
        )
        entries.append(Entry(recipe, changes, published))
    return entries
