"""Whole pictures with what detectors found, missed and got wrong drawn on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from mien.evaluation.detection.answers import Answer, Detections
from mien.evaluation.detection.faults import faults, most_missed, most_overdetected
from mien.reports.figures.boxes import OUTCOMES, draw_boxes, outcome_legend
from mien.reports.figures.detection.pictures import Boxes, Region
from mien.reports.figures.gallery import gallery, repeated
from mien.reports.figures.style import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = 40  # characters of a picture's name that there is room for


def worst_keys(detectors: Sequence[Detections], count: int) -> list[str]:
    """Keys of at most ``count`` pictures with errors: those with the largest missed faces and those
    with the most wrong boxes in turn, of each detector in turn.
    """
    rankings = [
        [detections.answers[index].key for index in ranked(detections, count)]
        for detections in detectors
        for ranked in (most_missed, most_overdetected)
    ]
    dealt = (key for turn in zip_longest(*rankings) for key in turn if key is not None)
    return list(dict.fromkeys(dealt))[:count]


def misses_figure(detections: Detections, pictures: Mapping[str, Region], title: str) -> Figure:
    """``pictures``, by the keys of the answers and in this order, with all boxes on them."""
    answers = {answer.key: answer for answer in detections.answers}
    figure, grid = gallery([picture.image for picture in pictures.values()])
    for axes, (key, picture) in zip(grid, pictures.items(), strict=True):
        counts = _draw_outcomes(axes, answers[key], detections.threshold, picture)
        _caption(axes, counts, _short(key))
    _head(figure, title if pictures else f"{title}: no missed faces, no wrong boxes")
    return figure


def side_by_side_figure(
    detectors: Mapping[str, Detections], pictures: Mapping[str, Region], title: str
) -> Figure:
    """One row per picture, one column per detector, with all boxes."""
    figure, rows = repeated([picture.image for picture in pictures.values()], len(detectors))
    for column, (name, detections) in enumerate(detectors.items()):
        answers = {answer.key: answer for answer in detections.answers}
        for row, (key, picture) in enumerate(pictures.items()):
            counts = _draw_outcomes(rows[row][column], answers[key], detections.threshold, picture)
            _caption(rows[row][column], f"{name}: {counts}", _short(key) if column == 0 else "")
    _head(figure, title)
    return figure


def boxes_by_outcome(answer: Answer, threshold: float) -> dict[str, Boxes]:
    """Boxes (N, 4) of one picture by the names of ``OUTCOMES``."""
    fault = faults(answer, threshold)
    return {
        "ignored": answer.truth[answer.ignored],
        "found": answer.boxes[fault.right],
        "missed": answer.truth[fault.missed],
        "false": answer.boxes[fault.false],
        "duplicate": answer.boxes[fault.duplicates],
    }


def _draw_outcomes(axes: Axes, answer: Answer, threshold: float, picture: Region) -> str:
    """Draw all boxes; returns their counts in words."""
    boxes = boxes_by_outcome(answer, threshold)
    for outcome, some in boxes.items():
        draw_boxes(axes, picture.boxes_inside(some), OUTCOMES[outcome])
    n = {outcome: len(some) for outcome, some in boxes.items()}
    words = [f"{n['found']:,} of {n['found'] + n['missed']:,} found"]
    words += [f"{n[outcome]:,} {outcome}" for outcome in ("false", "duplicate") if n[outcome]]
    return ", ".join(words)


def _caption(axes: Axes, counts: str, name: str) -> None:
    for words, above, size, color in ((counts, 15, 9.5, INK), (name, 4, 7.5, MUTED)):
        axes.annotate(
            words, (0, 1), (0, above), xycoords="axes fraction", textcoords="offset points",
            fontsize=size, color=color, parse_math=False,
        )  # fmt: skip


def _head(figure: Figure, title: str) -> None:
    inches = figure.get_size_inches()[1]
    figure.suptitle(title, fontsize=13, y=1 - 0.1 / inches)
    outcome_legend(figure, fontsize=10, loc="upper center", bbox_to_anchor=(0.5, 1 - 0.35 / inches))


def _short(key: str) -> str:
    name = key.rpartition("/")[2]
    return name if len(name) <= NAME else f"…{name[1 - NAME :]}"
