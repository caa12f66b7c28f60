from __future__ import annotations

from dataclasses import replace

from mien.evaluation.detection.measures import measure
from mien.reports.detection_tables import PART_COLUMNS, cost_rows, measure_rows, part_rows
from tests.support.detections import answer, detections, made_up


def test_a_row_for_all_faces_each_size_and_each_subset() -> None:
    found = measure(made_up(1))
    rows = dict(part_rows(found))
    assert list(rows) == [
        "all faces", "32 px and more", "40 px and more", "easy", "medium", "hard",
    ]  # fmt: skip
    assert all(len(cells) == len(PART_COLUMNS) for cells in rows.values())
    cells = dict(zip(PART_COLUMNS, rows["40 px and more"], strict=True))
    part = found.from_size["40"]
    assert part.operating is not None
    assert cells["AP50"] == f"{part.ap50:.1%}"
    assert cells["recall"] == f"{part.operating.recall:.1%}"
    assert rows["easy"][2:] == ("",) * 5  # subsets have no rates at a threshold


def test_cells_that_cannot_be_measured_are_empty() -> None:
    found = measure(detections(answer(boxes=[[0, 0, 9, 9]])))
    assert dict(part_rows(found))["all faces"] == ("0", "", "0.0%", "", "0.0%", "1.00", "")
    assert dict(measure_rows(found))["AP50"] == ""


def test_costs_state_what_was_timed() -> None:
    made = replace(made_up(1), facts={"cores": 8, "threads": 2, "processor": "abacus"})
    costs = dict(cost_rows(measure(made)))
    assert costs["hardware"] == "2 × abacus" and "normal use" not in costs["timed"]
    assert costs["memory"] == "not reported by this system"
    asked = replace(made, facts={"asked_from": 0.05, "peak_mib": 1234.5, "memory_mib": 99.6})
    costs = dict(cost_rows(measure(asked)))
    assert "all boxes from a score of 0.05 were kept, so normal use may be faster" in costs["timed"]
    assert costs["memory"] == "1,234 MiB peak, 100 of it for detection"
    usual = replace(asked, threshold=0.05)  # the threshold is the score asked from
    assert "normal use" not in dict(cost_rows(measure(usual)))["timed"]
