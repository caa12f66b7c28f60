from __future__ import annotations

from mien.reports.figures.boxes import OUTCOMES


def test_outcomes_differ_without_colour() -> None:
    lines = {(str(style.dash), style.width) for style in OUTCOMES.values()}
    assert len(lines) == len(OUTCOMES)
