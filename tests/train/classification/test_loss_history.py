from __future__ import annotations

import pytest

from mien.train.classification.loss_history import LossHistory, row_of_kept_epoch
from tests.support import tiny

LOSSES = [2.0, 1.5, 1.6, 1.7, 1.4, 1.5, 1.5, 1.5, 1.5]


def test_plateau_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    config = tiny.config(schedule="plateau", plateau_patience=2, plateau_factor=0.5)
    weight = torch.nn.Parameter(torch.zeros(1))
    theirs = torch.optim.SGD([weight], lr=1.0)
    # PyTorch's patience counts the epochs that are forgiven, ours those until the change.
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(
        theirs, factor=0.5, patience=1, threshold=0
    )
    history = LossHistory()
    for epoch, loss in enumerate(LOSSES):
        history.add(epoch, loss, config)
        reference.step(loss)
        assert history.rate == theirs.param_groups[0]["lr"]
    assert history.rate == 0.125


def test_patience_ends_a_run_and_names_the_best_epoch() -> None:
    config = tiny.config(patience=3)
    history = LossHistory()
    lowest, stopped = [], None
    for epoch, loss in enumerate(LOSSES):
        if history.add(epoch, loss, config):
            lowest.append(epoch)
        if history.out_of_patience(config):
            stopped = epoch
            break
    assert lowest == [0, 1, 4]
    assert (stopped, history.best_epoch, history.best_loss) == (7, 4, 1.4)
    assert history.rate == 1  # another schedule than plateau keeps its own
    assert not LossHistory(since_best=100).out_of_patience(tiny.config(patience=0))


def test_a_history_survives_a_checkpoint() -> None:
    config = tiny.config(schedule="plateau", patience=5)
    history = LossHistory()
    for epoch, loss in enumerate(LOSSES):
        history = LossHistory(**history.to_dict())
        history.add(epoch, loss, config)
    assert (history.best_epoch, history.since_best) == (4, 4)


def test_patience_keeps_the_best_epoch() -> None:
    rows = [{"valid_nll": nll} for nll in (2.0, 1.5, 1.7)]
    assert row_of_kept_epoch(rows, tiny.config(patience=2)) == {"valid_nll": 1.5}
    assert row_of_kept_epoch(rows, tiny.config()) == {"valid_nll": 1.7}
