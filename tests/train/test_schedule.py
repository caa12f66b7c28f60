from __future__ import annotations

import pytest

from tests.support import tiny

torch = pytest.importorskip("torch")

from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, OneCycleLR, SequentialLR  # noqa: E402

from mien.train.schedule import learning_rate  # noqa: E402

EPOCHS, STEPS = 20, 100
TOTAL = EPOCHS * STEPS


def pytorchs(schedule: str) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    if schedule == "onecycle":
        scheduler = OneCycleLR(
            optimizer, 0.1, TOTAL, pct_start=0.2, div_factor=25, final_div_factor=1e9
        )
    else:
        warm = int(0.2 * TOTAL)
        parts = [LinearLR(optimizer, 1e-9, 1.0, warm), CosineAnnealingLR(optimizer, TOTAL - warm)]
        scheduler = SequentialLR(optimizer, parts, [warm])
    rates = []
    for _ in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("schedule", ["onecycle", "cosine"])
def test_learning_rate_is_pytorchs(schedule: str) -> None:
    config = tiny.config(schedule=schedule, lr=0.1, warmup=0.2, epochs=EPOCHS)
    ours = [learning_rate(config, step, STEPS) for step in range(TOTAL)]
    # Schedulers differ by one step in where they begin.
    assert ours == pytest.approx(pytorchs(schedule), abs=0.1 * 0.006)
    assert max(ours) == pytest.approx(0.1)
    assert ours[-1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("warmup", [0.0, 1.0])
def test_a_run_of_one_step_has_a_rate(warmup: float) -> None:
    config = tiny.config(epochs=1, warmup=warmup)
    assert 0 <= learning_rate(config, 0, 1) <= config.lr


@pytest.mark.parametrize("schedule", ["onecycle", "cosine"])
def test_with_swa_the_rate_falls_to_a_share_and_stays(schedule: str) -> None:
    keys = {"schedule": schedule, "lr": 0.1, "warmup": 0.2, "epochs": EPOCHS}
    plain, swa = tiny.config(**keys), tiny.config(**keys, ema=0.0, swa=0.25, swa_rate=0.3)
    rates = [learning_rate(swa, step, STEPS) for step in range(TOTAL)]
    falls = [learning_rate(plain, step, STEPS) for step in range(TOTAL)]
    peak = rates.index(max(rates))
    assert rates[:peak] == falls[:peak]
    assert rates[peak:] == pytest.approx([max(rate, 0.03) for rate in falls[peak:]])
    assert rates[-STEPS:] == pytest.approx([0.03] * STEPS)
