from __future__ import annotations

from mien.train.classification.spec import input_side, input_sides, input_spec
from tests.support import tiny


def test_one_value_serves_all_channels() -> None:
    spec = input_spec(tiny.config(channels=3, mean=[0.5], std=[0.1, 0.2, 0.3]), ("a", "b"))
    assert (spec.name, spec.labels, spec.channels) == ("tiny", ("a", "b"), 3)
    assert (spec.mean, spec.std) == ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3))
    assert (spec.resize, spec.input_size) == (48, 44)


def test_pictures_grow_by_the_schedule() -> None:
    config = tiny.config(epochs=20, size_schedule=[[0.35, 32], [0.25, 40]])
    sides = [input_side(config, epoch) for epoch in range(20)]
    assert sides == [32] * round(0.35 * 20) + [40] * round(0.25 * 20) + [44] * round(0.4 * 20)
    assert input_sides(config) == {32, 40, 44}
    assert {input_side(tiny.config(), epoch) for epoch in range(5)} == {tiny.config().input_size}
