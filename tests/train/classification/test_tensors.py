from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.datasets.opening import open_dataset
from mien.datasets.packing.pack import pack
from mien.datasets.samples import Sample
from mien.datasets.splits import resplit
from mien.errors import DatasetError
from mien.preprocess.network_input import resize_crops
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.classification.spec import input_spec  # noqa: E402
from mien.train.classification.tensors import TensorSplit, load_split  # noqa: E402

CPU = torch.device("cpu")


class Odd(tiny.Faces):
    """Pictures of several sizes and colours, some of which cannot be read."""

    def __init__(self, count: int = 128, broken: int = 0, **changes: Any) -> None:
        super().__init__(count)
        self.broken, self.changes = broken, changes

    def samples(self, split: str) -> Iterator[Sample]:
        for row, sample in enumerate(super().samples(split)):
            side = 40 + 8 * (row % 3)
            picture = np.resize(sample.image, (side, side, 3) if row % 2 else (side, side))
            pixels = _unreadable if row < self.broken else picture
            yield replace(sample, pixels=pixels, **self.changes)


class Bars(tiny.Faces):
    facts = replace(tiny.Faces.facts, origin="bars")


def _unreadable() -> np.ndarray:
    raise DatasetError("train/x.jpg is damaged")


def load(data: tiny.Faces, config: ClassifierConfig, split: str = "train") -> TensorSplit:
    return load_split(data, split, config, input_spec(config, data.facts.labels), CPU)


@pytest.mark.parametrize("channels", [1, 3])
def test_frames_are_those_of_inference(channels: int) -> None:
    config = tiny.config(channels=channels, limit=None)
    loaded = load(Odd(300), config)  # more than a chunk
    samples = list(Odd(300).samples("train"))
    expected = resize_crops([s.image for s in samples], input_spec(config, Odd.facts.labels))
    assert loaded.crops.shape == (300, 48, 48, channels)
    np.testing.assert_array_equal(loaded.crops.numpy(), expected)
    assert loaded.labels.tolist() == [s.label for s in samples]
    picture = loaded.pictures(torch.tensor([7, 2]))
    torch.testing.assert_close(picture[1, 0] * 255, loaded.crops[2, ..., 0].float())


@pytest.mark.filterwarnings("error")
def test_a_packed_split_is_used_where_it_lies(tmp_path: Path) -> None:
    pack(Bars(), "bars", tmp_path / "pack", size=48, workers=1)
    packed = open_dataset(tmp_path / "pack", "packed")
    config = tiny.config(limit=None)
    stored, decoded = load(packed, config), load(tiny.Faces(), config)
    assert torch.equal(stored.crops, decoded.crops)
    assert torch.equal(stored.labels, decoded.labels)
    assert stored.votes is not None and torch.equal(stored.votes, decoded.votes)
    assert stored.origin == "bars"  # so that an exported model frames faces as they do
    mapped = packed.arrays("train").images
    assert stored.crops.data_ptr() == mapped.__array_interface__["data"][0]
    smaller = tiny.config(limit=None, resize=44)
    assert load(packed, smaller).crops.shape == (128, 44, 44, 1)
    divided = resplit(packed, "random:90/10")
    assert load(divided, config, "valid").origin == "bars"


def test_unreadable_pictures_are_skipped_and_listed() -> None:
    loaded = load(Odd(128, broken=3), tiny.config(limit=None))
    assert len(loaded) == 125
    assert loaded.unreadable[0] == ("row 0", "train/x.jpg is damaged")
    assert len(loaded.unreadable) == 3


@pytest.mark.parametrize("broken", [64, 128])
def test_many_unreadable_pictures_are_an_error(broken: int) -> None:
    with pytest.raises(DatasetError, match=r"x\.jpg is damaged"):
        load(Odd(128, broken=broken), tiny.config(limit=None))


def test_labels_out_of_range_are_named() -> None:
    with pytest.raises(DatasetError, match="row 0 has the label 7, expected 0 to 6"):
        load(Odd(label=7), tiny.config())


def test_max_per_class_limits_only_the_training_split() -> None:
    config = tiny.config(limit=None, max_per_class=4)
    assert torch.bincount(load(tiny.Faces(), config).labels).tolist() == [4] * 7
    assert len(load(tiny.Faces(), config, "public")) == 128


def test_soft_labels_and_affect_are_loaded() -> None:
    facts = {"target": (0.5, 0.5, 0, 0, 0, 0, 0), "valence": 0.3, "arousal": None}
    loaded = load(Odd(**facts), tiny.config())
    assert loaded.targets is not None and loaded.affect is not None
    assert loaded.targets[5].tolist() == list(facts["target"])
    assert loaded.affect[:, 0].tolist() == pytest.approx([0.3] * 96)
    assert bool(loaded.affect[:, 1].isnan().all())
