"""Real pictures with marked faces, few and small, for quick training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mien.datasets.base import DatasetFacts
from mien.datasets.opening import open_dataset
from mien.datasets.scene import Scene
from mien.train.detection.config import DetectorConfig

TINY = DetectorConfig(
    name="tiny", dataset="coco", splits="official", valid_split="valid",
    backbone="mobilenet_v3_large", strides=(16, 32), channels=16, anchor_sizes=(24, 48, 96),
    proposals=20, box_samples=16,
    short_side=96, long_side=160, view=96, epochs=2, batch_size=4, optimizer="adamw", lr=1e-3,
    weight_decay=0.01, ema=0.5,
)  # fmt: skip


class Few:
    """The first pictures of WIDER FACE's five events, as a data set of two splits."""

    facts = DatasetFacts(name="few")

    def __init__(self, material: Path, train: int = 9, valid: int = 3) -> None:
        every = iter(open_dataset(material / "data" / "wider_train5.zip", "coco").scenes("train"))
        self.held = {
            "train": [next(every) for _ in range(train)],
            "valid": [next(every) for _ in range(valid)],
        }

    def splits(self) -> tuple[str, ...]:
        return tuple(self.held)

    def scenes(self, split: str) -> Iterator[Scene]:
        return iter(self.held[split])

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}
