"""What ``mien train --list`` says of the recipes that ship with Mien."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from mien.train.detection.config import DetectorConfig
from mien.train.recipe import RECIPES, load_recipe, recipe_names

COSTS = RECIPES / "costs.json"
"""Costs by recipe, written by tools/recipe_costs.py."""
GROUPS = ("classifiers of face crops", "face detectors")


def listed_recipes(columns: int | None = None) -> Iterator[str]:
    """Lines: the classifiers, then the detectors, with what they cost.

    Parameters and multiply-adds (MACs, for one face) are those of the recipe as it is, minutes and
    epochs those of a recorded run. Where a line is longer than ``columns``, its description goes on
    the next one.
    """
    costs: dict[str, dict[str, Any]] = json.loads(COSTS.read_text("utf-8"))
    names = recipe_names()
    width = max(map(len, names))
    hardware: dict[str, None] = {}
    groups: tuple[list[str], list[str]] = ([], [])
    for name in names:
        config, cost = load_recipe(name), costs.get(name, {})
        if "hardware" in cost:
            hardware[cost["hardware"]] = None
        cells = (_millions(cost, "parameters"), _millions(cost, "macs"), _minutes(cost))
        numbers = "  ".join(f"{cell:>{size}}" for cell, size in zip(cells, SIZES, strict=True))
        line = f"  {name:{width}}  {numbers}".rstrip()
        whole = f"  {name:{width}}  {numbers}  {config.description}"
        fits = columns is None or len(whole) <= columns
        lines = [whole] if fits else [line, *_indented(config.description, columns)]
        groups[isinstance(config, DetectorConfig)].extend(lines)
    titles = "  ".join(f"{title:>{size}}" for title, size in zip(TITLES, SIZES, strict=True))
    for title, lines in zip(GROUPS, groups, strict=True):
        yield f"{title:{width + 2}}  {titles}"
        yield from lines
        yield ""
    note = (
        f"minutes (epochs): recorded on {', '.join(hardware)}; of classifiers in the study's short "
        "schedule, with smaller inputs and fewer epochs than the recipe's"
    )
    yield from textwrap.wrap(note, columns) if columns else [note]


def _indented(text: str, columns: int | None) -> list[str]:
    indent = " " * 4
    return textwrap.wrap(text, columns or 80, initial_indent=indent, subsequent_indent=indent)


TITLES = ("parameters", "MACs", "min (epochs)")
SIZES = (10, 9, 12)


def _millions(cost: dict[str, Any], key: str) -> str:
    return f"{cost[key] / 1e6:,.1f} M" if key in cost else ""


def _minutes(cost: dict[str, Any]) -> str:
    return f"{cost['minutes']:.1f} ({cost['epochs']})" if "minutes" in cost else ""
