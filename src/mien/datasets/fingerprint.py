"""What identifies the data of a split: one definition, of ``mien data info`` and of every run.

Face crops are identified by their pixels and labels, whole pictures by their names and boxes, so
that they need not be decoded.
"""

from __future__ import annotations

from collections.abc import Iterable

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.files.decoding import decoded
from mien.datasets.samples import Sample, identity, pixel_fingerprint
from mien.datasets.scene import box_fingerprint
from mien.errors import DatasetError


def split_fingerprint(dataset: Dataset | SceneDataset, split: str) -> str:
    """16 hexadecimal digits, equal for equal data; face crops are decoded, in threads.

    Crops that cannot be read do not count. Raises ``DatasetError``.
    """
    if isinstance(dataset, SceneDataset):
        return box_fingerprint(dataset.scenes(split))
    return crops_fingerprint(dataset.samples(split))


def crops_fingerprint(samples: Iterable[Sample]) -> str:
    """The same of some face crops."""
    labels: list[int] = []
    keys: list[bytes] = []
    for sample, image in decoded(samples):
        if not isinstance(image, DatasetError):
            labels.append(sample.label)
            keys.append(identity(sample, image))
    return pixel_fingerprint(labels, keys)
