"""Tests of ``mien.train.recipe_list``."""

from __future__ import annotations

from mien.train.recipe import recipe_names
from mien.train.recipe_list import listed_recipes


def test_no_line_is_longer_than_the_terminal_and_nothing_is_lost() -> None:
    whole, narrow = list(listed_recipes()), list(listed_recipes(80))
    assert max(map(len, whole)) > 80 >= max(map(len, narrow))
    assert "\n".join(whole).split() == "\n".join(narrow).split()
    assert {line.split()[0] for line in whole if line.startswith("  ")} == set(recipe_names())
