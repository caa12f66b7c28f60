from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from mien.errors import InputError
from mien.evaluation.comparison import Comparison, check_same


def facts(first: str, other: str) -> Iterable[tuple[str, object, object]]:
    yield "length", len(first), len(other)
    yield "text", first, other


def test_the_first_difference_is_named() -> None:
    check_same({"a": "x", "b": "x"}, facts, "words")
    with pytest.raises(InputError, match="a and c cannot be compared: length 1 against 2; measure"):
        check_same({"a": "x", "b": "x", "c": "yy"}, facts, "words")
    with pytest.raises(InputError, match="a and b cannot be compared: text x against y"):
        check_same({"a": "x", "b": "y"}, facts, "words")


def test_one_alone_is_not_compared() -> None:
    with pytest.raises(InputError, match="a comparison needs two words or more"):
        check_same({"a": "x"}, facts, "words")


def test_a_comparison_is_json() -> None:
    found = Comparison(rows=({"name": "a"},), pairs=())
    assert json.loads(json.dumps(found.to_dict())) == {"rows": [{"name": "a"}], "pairs": []}
