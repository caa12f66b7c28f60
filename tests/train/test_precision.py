from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError
from tests.support import tiny
from tests.support.few_scenes import TINY
from tests.support.runs import CPU, equal, state, train

torch = pytest.importorskip("torch")

from mien.train import precision  # noqa: E402
from mien.train.classification.task import ClassifierTask  # noqa: E402
from mien.train.distributed import World  # noqa: E402
from mien.train.precision import decide, faster_precision, time_alternately  # noqa: E402
from mien.train.settings import from_plain  # noqa: E402


class Clock:
    """Time that passes only where steps say so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def step(self, *seconds: float) -> Callable[[], None]:
        """A step that takes each of these in turn, and then the last again and again."""
        left = list(seconds)

        def run() -> None:
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return run


def test_the_best_of_several_turns_counts() -> None:
    clock = Clock()
    noisy = clock.step(0.9, 0.3, 0.1, 0.5)  # the first warms up
    steady = clock.step(0.2)
    assert time_alternately({"fp32": noisy, "bf16": steady}, clock) == pytest.approx(
        {"fp32": 0.1, "bf16": 0.2}
    )


@pytest.mark.parametrize(("fp32", "bf16"), [(0.01, 0.02), (3.0, 1.0)])
def test_it_takes_about_a_second_or_one_turn(fp32: float, bf16: float) -> None:
    clock = Clock()
    found = time_alternately({"fp32": clock.step(fp32), "bf16": clock.step(bf16)}, clock)
    assert found == pytest.approx({"fp32": fp32, "bf16": bf16})
    turn = fp32 + bf16
    assert clock.now <= max(2 * turn, precision.SECONDS + 2 * turn) + 1e-9


def test_a_hopeless_one_is_not_tried_again() -> None:
    clock = Clock()
    steps = {"fp32": clock.step(0.1), "bf16": clock.step(2.0)}
    assert time_alternately(steps, clock) == pytest.approx({"fp32": 0.1, "bf16": 2.0})
    assert clock.now == pytest.approx(2.1)
    # A slow start of something fast is no reason.
    clock = Clock()
    steps = {"fp32": clock.step(0.02), "bf16": clock.step(0.5, 0.01)}
    assert time_alternately(steps, clock)["bf16"] == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("fp32", "bf16", "chosen"), [(1, 0.4, "bf16"), (1, 0.95, "fp32"), (1, 20, "fp32")]
)
def test_bf16_must_be_worth_it(fp32: float, bf16: float, chosen: str) -> None:
    found, why = decide({"fp32": fp32, "bf16": bf16})
    assert found == chosen
    assert why.startswith(f"precision auto takes {chosen}: ") and "\n" not in why


def test_measuring_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "SECONDS", 0.0)
    task = ClassifierTask(tiny.config(dropout=0.5, mixup=0.2), tiny.Faces(), CPU, World())
    before = {name: value.clone() for name, value in task.net.state_dict().items()}
    torch.manual_seed(3)
    assert faster_precision(task, CPU, World(), False)[0] in ("fp32", "bf16")
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))
    assert equal(before, dict(task.net.state_dict()))
    assert all(parameter.grad is None for parameter in task.net.parameters())


@pytest.mark.parametrize("chosen", ["bf16", "fp32"])
def test_a_run_is_that_of_the_precision_it_says_and_resumes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    measured: list[Any] = []

    def measure(*_: Any) -> dict[str, float]:
        measured.append(1)
        return {"fp32": 1.0, "bf16": 0.5 if chosen == "bf16" else 2.0}

    monkeypatch.setattr(precision, "time_alternately", measure)
    auto, notes = tiny.config(precision="auto", epochs=2), list[str]()

    def stop(row: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(auto, tmp_path / "auto", on_epoch=stop, on_note=notes.append)
    assert any(note.startswith(f"precision auto takes {chosen}") for note in notes)
    assert f'"precision": "{chosen}"' in (tmp_path / "auto" / "recipe.json").read_text()
    train(auto, tmp_path / "auto", resume=True)
    assert len(measured) == 1  # the run knows
    train(tiny.config(precision=chosen, epochs=2), tmp_path / "named")
    assert equal(state(tmp_path / "auto"), state(tmp_path / "named"))
    with pytest.raises(ConfigError, match="another recipe"):
        other = "fp32" if chosen == "bf16" else "bf16"
        train(tiny.config(precision=other, epochs=2), tmp_path / "auto", resume=True)


def test_nothing_is_measured_where_no_gradient_is_computed(tmp_path: Path) -> None:
    config = tiny.config(architecture="majority", epochs=1, precision="auto")
    train(config, tmp_path)
    assert state(tmp_path)["config"]["precision"] == "fp32"


def test_detectors_have_it_too() -> None:
    assert from_plain(type(TINY), {**TINY.to_dict(), "precision": "auto"}, "r").precision == "auto"
