from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mien.errors import ConfigError
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train.classification.resolve import resolve  # noqa: E402


class WithValid(tiny.Faces):
    def splits(self) -> tuple[str, ...]:
        return "train", "valid"


def test_the_datas_own_valid_or_a_tenth_is_held_back(tmp_path: Path) -> None:
    auto = tiny.config(splits="auto", valid_split="valid")
    config, data = resolve(auto, tiny.Faces(), tmp_path, False)
    assert (config.splits, data.facts.division) == ("random:90/10", ("random:90/10", "train", 0))
    config, data = resolve(auto, WithValid(), tmp_path, False)
    assert (config.splits, data.facts.division) == ("official", None)


@pytest.mark.parametrize(
    ("limit", "batch", "epochs", "frozen"),
    [(24, 4, 17, 34), (100, 12, 13, 26), (None, 16, 13, 26)],
)
def test_length_and_batch_follow_from_the_number_of_pictures(
    limit: int | None, batch: int, epochs: int, frozen: int, tmp_path: Path
) -> None:
    config = tiny.config(
        limit=limit, batch_size=32, epochs=4, min_steps=100, min_steps_per_epoch=8,
        freeze_epochs=8, weights="default", network_from_weights=True,
        widths=[32, 64, 128, 224], blocks=[2, 2, 2, 2],
    )  # fmt: skip
    settled, data = resolve(config, tiny.Faces(), tmp_path, False)
    assert (settled.batch_size, settled.epochs, settled.freeze_epochs) == (batch, epochs, frozen)
    pictures = limit or 128
    assert (settled.epochs - 1) * (pictures // batch) < 100 <= epochs * (pictures // batch)
    assert resolve(settled, data, tmp_path, False) == (settled, data)


def test_the_rate_is_lower_the_more_labels_the_start_knows(tmp_path: Path) -> None:
    config = tiny.config(
        weights="default", network_from_weights=True, lr=0.01, known_rate=0.2,
        widths=[32, 64, 128, 224], blocks=[2, 2, 2, 2],
    )  # fmt: skip
    known, data = resolve(config, tiny.Faces(), tmp_path, False)
    assert (known.lr, known.known_rate) == (0.002, 1.0)
    assert resolve(known, data, tmp_path, False)[0] == known
    other = tiny.Faces()
    count = len(other.facts.labels)
    other.facts = replace(other.facts, labels=("bored", *other.facts.labels[1:]))
    one_new = resolve(config, other, tmp_path, False)[0].lr
    assert one_new == pytest.approx(0.01 * 0.2 ** ((count - 1) / count), rel=1e-5)
    other.facts = replace(other.facts, labels=tuple(f"own {n}" for n in range(count)))
    assert resolve(config, other, tmp_path, False)[0].lr == 0.01


def test_imagenet_has_no_network_to_take_over(tmp_path: Path) -> None:
    config = tiny.config(
        architecture="timm", backbone="resnet18", weights="imagenet", network_from_weights=True
    )
    with pytest.raises(ConfigError, match="imagenet has many: give --weights default"):
        resolve(config, tiny.Faces(), tmp_path, False)
