from __future__ import annotations

from pathlib import Path

import pytest

from mien.errors import TrainingError

torch = pytest.importorskip("torch")

from mien.train.divergence import check_losses, check_weights  # noqa: E402

RUN = Path("runs/mine")


def test_the_first_batch_whose_loss_is_not_finite_is_named() -> None:
    losses = torch.tensor([1.0, 2.0, float("nan"), float("inf")])
    check_losses(losses[:2], 3, 0.1, RUN)
    expected = (
        r"^the loss is not finite in epoch 4, batch 3: lower lr \(0.1\) and start again in another "
        r"folder; runs/mine keeps epoch 3$"
    )
    with pytest.raises(TrainingError, match=expected):
        check_losses(losses, 3, 0.1, RUN)


def test_in_the_first_epoch_nothing_was_kept() -> None:
    with pytest.raises(TrainingError) as caught:
        check_losses(torch.tensor([float("inf")]), 0, 1e9, RUN)
    assert str(caught.value) == (
        "the loss is not finite in epoch 1, batch 1: lower lr (1e+09); no epoch was "
        "finished, nothing was kept"
    )


def test_weights_are_checked_too() -> None:
    net = torch.nn.Linear(2, 2)
    check_weights(net, 1, 0.1, RUN)
    net.bias.data[1] = float("nan")
    with pytest.raises(TrainingError, match=r"weights are not finite after epoch 2: .* epoch 1$"):
        check_weights(net, 1, 0.1, RUN)
