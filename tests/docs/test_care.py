"""docs/care.md says what the simulation's table in docs/monitor.md says."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
CARE = " ".join((DOCS / "care.md").read_text("utf-8").split())


def row(name: str) -> str:
    table = (DOCS / "monitor.md").read_text("utf-8").split("<!-- rules -->")[1]
    return re.search(rf"^{name} +(.+)$", table, re.MULTILINE)[1]  # type: ignore[index]


def test_false_alarms_of_a_person_and_of_a_ward() -> None:
    rate = row("all of them together").split()[0]
    assert f"warn for nothing {rate} times a person-year" in CARE
    assert f"ward of thirty it is {30 * float(rate):.0f} a year" in CARE


def test_delays() -> None:
    one, two = re.findall(r"(\S+), (\S+) \((\d+) %\)", row("smiling changed"))[:2]
    assert f"within {two[0]} days in half of the cases and within {two[1]} in nine of ten" in CARE
    assert f"within 90 days in {100 - int(one[2])} % of the cases" in CARE
