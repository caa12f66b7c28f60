from __future__ import annotations

import pytest

from mien.evaluation.metrics import Interval
from mien.reports.text import ends, number, share


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.0, "0.00"), (1.234, "1.23"), (0.0123, "0.01"), (0.0042, "0.004")],
)
def test_small_numbers_are_not_rounded_to_nothing(value: float | None, text: str) -> None:
    assert number(value) == text


def test_shares_are_percentages_and_empty_if_not_measured() -> None:
    assert share(0.12345) == "12.3%" and share(0.0) == "0.0%" and share(None) == ""
    assert ends(Interval(0.684, 0.7129)) == "68.4 to 71.3%" and ends(None) == ""
