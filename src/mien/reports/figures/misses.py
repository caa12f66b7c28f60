"""Pictures with what detectors found, missed and over-detected drawn on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from mien.evaluation.detection.answers import Answer, Detections
from mien.evaluation.detection.faults import faults, most_missed, most_overdetected
from mien.reports.figures.gallery import gallery, paired
from mien.reports.figures.marks import draw_boxes, legend
from mien.reports.figures.scenes import Boxes, View
from mien.reports.figures.style import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = 40  # characters of a picture's name that there is room for


def worst(detectors: Sequence[Detections], count: int) -> list[str]:
    """Keys of at most ``count`` pictures with faults, those with the largest missed faces and those
    with the most wrong boxes in turn, of each detector in turn.
    """
    rankings = [
        [found.answers[index].key for index in ranked(found, count)]
        for found in detectors
        for ranked in (most_missed, most_overdetected)
    ]
    dealt = (key for turn in zip_longest(*rankings) for key in turn if key is not None)
    return list(dict.fromkeys(dealt))[:count]


def misses_figure(found: Detections, views: Mapping[str, View], title: str) -> Figure:
    """``views`` (by the keys of the answers, in the order to be shown) with all boxes on them."""
    answers = {answer.key: answer for answer in found.answers}
    figure, grid = gallery([view.image for view in views.values()])
    for axes, (key, view) in zip(grid, views.items(), strict=True):
        said = _mark(axes, answers[key], found.threshold, view)
        _caption(axes, said, _short(key))
    _head(figure, title if views else f"{title}: nothing is missed, nothing over-detected")
    return figure


def side_by_side_figure(
    detectors: Mapping[str, Detections], views: Mapping[str, View], title: str
) -> Figure:
    """A row a picture, a column a detector: what each made of the same pictures."""
    figure, rows = paired([view.image for view in views.values()], len(detectors))
    for column, (name, found) in enumerate(detectors.items()):
        answers = {answer.key: answer for answer in found.answers}
        for row, (key, view) in enumerate(views.items()):
            said = _mark(rows[row][column], answers[key], found.threshold, view)
            _caption(rows[row][column], f"{name}: {said}", _short(key) if column == 0 else "")
    _head(figure, title)
    return figure


def sorted_boxes(answer: Answer, threshold: float) -> dict[str, Boxes]:
    """Boxes (N, 4) of one picture by the kinds of ``mien.reports.figures.marks``: found, missed,
    false and duplicate, and the marked faces that do not count.
    """
    fault = faults(answer, threshold)
    return {
        "ignored": answer.truth[answer.ignored],
        "found": answer.boxes[fault.right],
        "missed": answer.truth[fault.missed],
        "false": answer.boxes[fault.false],
        "duplicate": answer.boxes[fault.duplicates],
    }


def _mark(axes: Axes, answer: Answer, threshold: float, view: View) -> str:
    """Draw all boxes, and say how many of each."""
    boxes = sorted_boxes(answer, threshold)
    for kind, some in boxes.items():
        draw_boxes(axes, view.place(some), kind)
    found, missed = len(boxes["found"]), len(boxes["missed"])
    words = [f"{found:,} of {found + missed:,} found"]
    words += [f"{len(boxes[kind]):,} {kind}" for kind in ("false", "duplicate") if len(boxes[kind])]
    return ", ".join(words)


def _caption(axes: Axes, said: str, name: str) -> None:
    for words, above, size, color in ((said, 14, 9, INK), (name, 4, 6.5, MUTED)):
        axes.annotate(
            words, (0, 1), (0, above), xycoords="axes fraction", textcoords="offset points",
            fontsize=size, color=color, parse_math=False,
        )  # fmt: skip


def _head(figure: Figure, title: str) -> None:
    inches = figure.get_size_inches()[1]
    figure.suptitle(title, fontsize=13, y=1 - 0.1 / inches)
    legend(
        figure, ("found", "missed", "false", "duplicate", "ignored"), fontsize=10,
        loc="upper center", bbox_to_anchor=(0.5, 1 - 0.35 / inches),
    )  # fmt: skip


def _short(key: str) -> str:
    name = key.rpartition("/")[2]
    return name if len(name) <= NAME else f"…{name[1 - NAME :]}"
