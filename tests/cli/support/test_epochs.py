from __future__ import annotations

import pytest

from mien.cli.support.epochs import epochs_shown
from mien.cli.support.printing import counted
from tests.support import tiny


def test_one_is_singular() -> None:
    assert [counted(n, "epoch") for n in (0, 1, 2000)] == ["0 epochs", "1 epoch", "2,000 epochs"]


def test_without_a_terminal_an_epoch_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"epoch": 1, "train_loss": 0.5, "seconds": 3.2, "input_size": 44, "valid_accuracy": 0.25}
    with epochs_shown(tiny.config()) as (on_batch, on_epoch):
        assert on_batch is None
        on_epoch(row)
        on_epoch({"epoch": 2, "train_loss": 0.5, "seconds": 3.2, "valid_ap50": None})
    with epochs_shown(tiny.config(), visible=False) as (_, on_epoch):
        on_epoch(row)
    assert capsys.readouterr().err.splitlines() == [
        "epoch 1/2  44 px  loss 0.5000  accuracy 25.00%  3 s",
        "epoch 2/2  loss 0.5000  3 s",
    ]
