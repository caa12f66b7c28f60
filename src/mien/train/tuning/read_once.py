"""A data set that is read once, however many trials train on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mien.datasets.base import Dataset


class ReadOnce:
    """``dataset`` with the samples of each split kept in memory, as its reader returns them."""

    def __init__(self, dataset: Dataset) -> None:
        self.name, self.labels, self._dataset = dataset.name, dataset.labels, dataset
        self.official = getattr(dataset, "official", None)
        self._samples: dict[str, list[Any]] = {}

    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return self._dataset.splits()

    def samples(self, split: str) -> Iterator[Any]:
        """The samples of a split, read on the first call."""
        if split not in self._samples:
            self._samples[split] = list(self._dataset.samples(split))
        return iter(self._samples[split])
