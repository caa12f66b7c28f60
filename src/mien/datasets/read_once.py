"""A data set whose samples are listed only once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mien.datasets.base import Dataset
from mien.datasets.samples import Sample


class ReadOnce:
    """``dataset`` with the samples of each split kept in memory; pictures stay undecoded."""

    def __init__(self, dataset: Dataset) -> None:
        self.facts = dataset.facts
        self._dataset = dataset
        self._samples: dict[str, list[Sample]] = {}

    def splits(self) -> tuple[str, ...]:
        """As the data set's."""
        return self._dataset.splits()

    def samples(self, split: str) -> Iterator[Sample]:
        """As the data set's."""
        if split not in self._samples:
            self._samples[split] = list(self._dataset.samples(split))
        return iter(self._samples[split])

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """As the data set's."""
        return self._dataset.skipped(split)
