from __future__ import annotations

import pytest

pytest.importorskip("matplotlib", reason="the 'plot' extra brings Matplotlib")

from mien.reports.figures.training import training_figure

ROWS = [
    {"epoch": 1, "train_loss": 1.9, "train_accuracy": 0.2, "valid_nll": 1.8, "valid_accuracy": 0.3},
    {"epoch": 2, "train_loss": 1.5, "train_accuracy": 0.4, "valid_nll": 1.6, "valid_accuracy": 0.5},
    {"epoch": 3, "train_loss": 1.2, "train_accuracy": 0.6, "valid_nll": 1.7, "valid_accuracy": 0.4},
]


def test_every_measure_is_a_curve_over_the_epochs_from_one() -> None:
    loss, accuracy = training_figure(ROWS, "Training").axes
    for axes, keys in (
        (loss, ("train_loss", "valid_nll")),
        (accuracy, ("train_accuracy", "valid_accuracy")),
    ):
        curves = [line for line in axes.lines if len(line.get_xdata()) > 1]
        assert [list(line.get_xdata()) for line in curves] == [[1, 2, 3]] * 2
        assert [list(line.get_ydata()) for line in curves] == [[r[k] for r in ROWS] for k in keys]
    words = [text.get_text() for text in loss.get_legend().get_texts()]
    assert words == ["training", "validation, lowest 1.600 (epoch 2)"]
    words = [text.get_text() for text in accuracy.get_legend().get_texts()]
    assert words == ["training", "validation, highest 50.0% (epoch 2)"]


def test_a_measure_that_was_not_recorded_has_no_curve() -> None:
    old = [{"epoch": row["epoch"], "train_loss": row["train_loss"]} for row in ROWS]
    loss, accuracy = training_figure(old, "Training").axes
    assert len(loss.lines) == 1 and not accuracy.lines
    assert "not recorded" in [text.get_text() for text in accuracy.texts]


def test_one_epoch_is_a_visible_dot() -> None:
    loss, _ = training_figure(ROWS[:1], "Training").axes
    assert all(line.get_marker() == "o" for line in loss.lines)


def test_a_detector_has_ap50_instead_of_accuracy() -> None:
    rows = [
        {"epoch": epoch, "train_loss": 2 - epoch, "valid_ap50": ap50, "valid_recall": 0.9}
        for epoch, ap50 in ((1, None), (2, 0.5), (3, 0.25))
    ]
    _, quality = training_figure(rows, "Training").axes
    words = [text.get_text() for text in quality.get_legend().get_texts()]
    assert words == ["validation, recall", "validation, AP50, highest 50.0% (epoch 2)"]
