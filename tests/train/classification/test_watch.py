from __future__ import annotations

import pytest

from mien.train.classification.watch import Watch, kept_row
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
    watch = Watch()
    for epoch, loss in enumerate(LOSSES):
        watch.see(epoch, loss, config)
        reference.step(loss)
        assert watch.rate == theirs.param_groups[0]["lr"]
    assert watch.rate == 0.125


def test_patience_ends_a_run_and_names_the_best_epoch() -> None:
    config = tiny.config(patience=3)
    watch = Watch()
    lowest, stopped = [], None
    for epoch, loss in enumerate(LOSSES):
        if watch.see(epoch, loss, config):
            lowest.append(epoch)
        if watch.should_stop(config):
            stopped = epoch
            break
    assert lowest == [0, 1, 4]
    assert (stopped, watch.best_epoch, watch.best_loss) == (7, 4, 1.4)
    assert watch.rate == 1  # another schedule than plateau keeps its own
    assert not Watch(since_best=100).should_stop(tiny.config(patience=0))


def test_a_watch_survives_a_checkpoint() -> None:
    config = tiny.config(schedule="plateau", patience=5)
    watch = Watch()
    for epoch, loss in enumerate(LOSSES):
        watch = Watch(**watch.to_dict())
        watch.see(epoch, loss, config)
    assert (watch.best_epoch, watch.since_best) == (4, 4)


def test_patience_keeps_the_best_epoch() -> None:
    rows = [{"valid_nll": nll} for nll in (2.0, 1.5, 1.7)]
    assert kept_row(rows, tiny.config(patience=2)) == {"valid_nll": 1.5}
    assert kept_row(rows, tiny.config()) == {"valid_nll": 1.7}
