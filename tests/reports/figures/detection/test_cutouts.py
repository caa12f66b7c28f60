from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.evaluation.detection.faults import faults
from mien.reports.figures.detection.cutouts import (
    COLUMNS,
    ROWS,
    cutouts_figure,
    missed_faces,
    wrong_boxes,
)
from mien.reports.figures.detection.pictures import CUTOUT, Region
from tests.support.detections import answer, detections, made_up


def crops(groups: dict) -> list[Region]:
    count = sum(map(len, groups.values()))
    return [Region(np.full((CUTOUT, CUTOUT, 3), 90, np.uint8), 0, 0, 1.0)] * count


def test_missed_faces_are_grouped_by_size_the_largest_first() -> None:
    found = made_up(3)
    groups = missed_faces(found)
    missed = [
        float(np.sqrt((box[2] - box[0]) * (box[3] - box[1])))
        for a in found.answers
        for box in a.truth[faults(a, found.threshold).missed].astype(float)
    ]
    faces = sum(int((~a.ignored).sum()) for a in found.answers)
    counts = [heading.split(": ")[-1].split() for heading in groups]  # N of M missed
    assert sum(int(words[0]) for words in counts) == len(missed)
    assert sum(int(words[2]) for words in counts) == faces
    shown = [int(cutout.label.split()[0]) for cutouts in groups.values() for cutout in cutouts]
    assert shown == sorted(shown, reverse=True) and shown[0] == round(max(missed))
    assert all(len(cutouts) <= ROWS * COLUMNS for cutouts in groups.values())
    small = list(groups.values())[-1]
    assert int(small[-1].label.split()[0]) == round(min(missed))  # the whole range is shown


def test_wrong_boxes_are_shown_by_kind_the_highest_score_first() -> None:
    face, stray = [0, 0, 50, 50], [200, 200, 300, 300]
    found = detections(
        answer([face], [face, [2, 2, 50, 50], stray], [0.9, 0.8, 0.7], key="a"),
        answer([], [stray], [0.75], key="b"),
        answer([], [stray], [0.2], key="unsure"),
    )
    groups = wrong_boxes(found)
    assert list(groups) == [
        "false: on no annotated face, 2 boxes", "duplicate: face already found, 1 box",
    ]  # fmt: skip
    false, again = groups.values()
    assert [(each.answer.key, each.label) for each in false] == [
        ("b", "0.750"),
        ("a", "0.700"),
    ]
    assert again[0].place[0] == "a" and again[0].box.tolist() == [2, 2, 50, 50]


def test_every_cutout_is_drawn_under_its_heading() -> None:
    groups = missed_faces(made_up(3))
    figure = cutouts_figure(groups, crops(groups), 0.5, "title")
    headings = [part.get_suptitle() for part in figure.subfigs]
    assert headings == list(groups)
    drawn = sum(len(axes.images) for part in figure.subfigs for axes in part.axes)
    assert drawn == sum(map(len, groups.values()))


def test_unreadable_pictures_and_no_cutouts() -> None:
    groups = wrong_boxes(detections(answer([], [[0, 0, 9, 9]])))
    figure = cutouts_figure(groups, [None], 0.5, "title")
    assert not any(axes.images for part in figure.subfigs for axes in part.axes)
    nothing = cutouts_figure({}, [], 0.5, "title")
    assert [text.get_text() for part in nothing.subfigs for text in part.texts] == ["none"]
