"""docs/recipes.md and the costs of recipes are what their scripts write."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from mien.train.classification.config import ClassifierConfig
from mien.train.config import BaseConfig
from mien.train.recipe import load_classifier_recipe, recipe_names
from mien.train.recipe_list import COSTS

TOOLS = Path(__file__).parents[2] / "tools"


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date() -> None:
    pytest.importorskip("torch")
    script = tool("recipes_page")
    text = script.PAGE.read_text("utf-8")
    assert text == script.page(), "run 'python tools/recipes_page.py'"
    for field in (*fields(BaseConfig), *fields(ClassifierConfig)):
        assert f"| `{field.name}` |" in text
    undescribed = [
        row for row in text.splitlines() if row.startswith("| `") and row.endswith("|  |")
    ]
    assert {row.split("`")[1] for row in undescribed} <= {"epochs"}


def test_the_costs_are_up_to_date() -> None:
    pytest.importorskip("torch")
    script = tool("recipe_costs")
    known = json.loads(COSTS.read_text("utf-8"))
    assert sorted(known) == recipe_names()
    results = script.RESULTS.read_text("utf-8")
    for name, row in known.items():
        recorded = script.recorded(name, results) or script.recorded_detector(name, results)
        assert recorded == {k: v for k, v in row.items() if k not in ("parameters", "macs")}
    for name in ("mlp", "default", "cnn"):
        counted = script.network(load_classifier_recipe(name))
        assert counted == {key: known[name][key] for key in ("parameters", "macs")}
