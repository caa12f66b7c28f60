from __future__ import annotations

from dataclasses import dataclass

import pytest

pytest.importorskip("matplotlib")

from mien.train.tuning.figures import history_figure, importance_figure


@dataclass
class Trial:
    number: int
    state: str
    accuracy: float | None
    best: bool = False


TRIALS = [
    Trial(0, "finished", 0.4),
    Trial(1, "finished", 0.3),
    Trial(2, "failed", None),
    Trial(3, "pruned", 0.2),
    Trial(4, "stopped", None),
    Trial(5, "finished", 0.5, best=True),
    Trial(6, "finished", 0.45),
    Trial(7, "pruned", 0.25),
]


def test_the_history_shows_every_kind_of_trial() -> None:
    axes = history_figure(TRIALS, "a search").axes[0]
    (line,) = axes.lines
    assert list(line.get_xdata()) == [0, 1, 5, 6, 7]
    assert list(line.get_ydata()) == [0.4, 0.4, 0.5, 0.5, 0.5]
    shown = {c.get_label(): c.get_offsets()[:, 0].tolist() for c in axes.collections}
    assert shown == {
        "finished": [0, 1, 5, 6], "pruned, when it was stopped": [3, 7], "failed": [2],
    }  # fmt: skip
    assert [text.get_text() for text in axes.texts] == ["trial 5: 50.00%"]


def test_importance_puts_the_largest_on_top() -> None:
    axes = importance_figure({"dropout": 0.1, "lr": 0.9}, "a search", 5).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["dropout", "lr"]
    assert [bar.get_width() for bar in axes.patches] == [0.1, 0.9]
