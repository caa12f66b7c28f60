from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from mien.train.ranges import (
    Count,
    CountOrNone,
    CountOrZero,
    NotNegative,
    Positive,
    Seed,
    Share,
    below,
    choices,
    one_of,
    out_of_range,
)


@dataclass
class Settings:
    count: Count = 1
    count_or_none: CountOrNone = None
    count_or_zero: CountOrZero = 0
    positive: Positive = 0.1
    not_negative: NotNegative = 0.0
    share: Share = 1.0
    seed: Seed = 0
    angle: Annotated[float, below(60)] = 0.0
    word: Annotated[str, one_of("a", "b", "c")] = "a"
    stride: Annotated[int, one_of(1, 2)] = 1
    free: tuple[tuple[float, int], ...] = ()


@pytest.mark.parametrize(("key", "value", "expected"), [
    ("count", 0, "count must be positive, at most 1000000000"),
    ("count", 10**18, "count must be positive, at most 1000000000"),
    ("count_or_none", -1, "count_or_none must be positive, or left out, and at most 1000000000"),
    ("count_or_zero", -1, "count_or_zero must not be negative, or above 1000000000"),
    ("positive", 0.0, "positive must be positive, from 1e-12 to 1e+30"),
    ("positive", 1e-320, "positive must be positive, from 1e-12 to 1e+30"),
    ("positive", 1e300, "positive must be positive, from 1e-12 to 1e+30"),
    ("positive", float("inf"), "positive must be finite"),
    ("not_negative", -0.1, "not_negative must not be negative, or above 1e+30"),
    ("share", 1.1, "share must be in [0, 1]"),
    ("share", float("nan"), "share must be finite"),
    ("seed", 2**32, "seed must be from 0 to 2**32 - 1"),
    ("angle", 60.0, "angle must be in [0, 60)"),
    ("word", "d", "word must be a, b or c"),
    ("stride", 3, "stride must be 1 or 2"),
    ("free", ((0.5, 1), (float("nan"), 2)), "free must be finite"),
])  # fmt: skip
def test_a_value_out_of_range_is_one_sentence(key: str, value: object, expected: str) -> None:
    assert list(out_of_range(Settings())) == []
    assert list(out_of_range(Settings(**{key: value}))) == [expected]


def test_all_of_them_are_listed() -> None:
    wrong = Settings(count=0, share=2.0, word="")
    assert [text.split()[0] for text in out_of_range(wrong)] == ["count", "share", "word"]


def test_choices_can_be_asked_for() -> None:
    assert choices(Settings, "word") == ("a", "b", "c")
    assert choices(Settings, "count") == choices(Settings, "free") == ()
