"""What every data set of whole pictures gives: pictures with the faces that are marked in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture and its N marked faces; what is known of them needs no decoding."""

    pixels: Pixels | Callable[[], Pixels]
    """The picture, or what decodes it."""
    key: str
    """Names the picture within its data set: its path."""
    boxes: NDArray[np.float32]
    """(N, 4) as x1, y1, x2, y2 in pixels of the picture, ``x1 < x2`` and ``y1 < y2``."""
    ignored: NDArray[np.bool_]
    """(N,) faces that count neither as found nor as missed, such as WIDER FACE's invalid ones."""
    subsets: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Name → (N,), such as WIDER FACE's ``easy``, ``medium`` and ``hard``; may be empty."""
    attributes: tuple[Mapping[str, Any], ...] = ()
    """What else is said of each face, such as ``{"blur": 2}``: N of them, or none at all."""
    width: int | None = None
    """As the annotation says; ``None`` where it says nothing."""
    height: int | None = None

    @property
    def image(self) -> Pixels:
        """(H, W, 3) RGB uint8, decoded anew at every call; ``DatasetError``."""
        image = self.pixels() if callable(self.pixels) else self.pixels
        return np.repeat(image[:, :, None], 3, axis=2) if image.ndim == 2 else image


def fingerprint(scenes: Iterable[Scene]) -> str:
    """16 hexadecimal digits, equal where pictures' names and marked boxes are; decodes nothing."""
    digest = hashlib.blake2b(digest_size=8)
    for scene in sorted(scenes, key=lambda scene: scene.key):
        digest.update(scene.key.encode("utf-8", "surrogatepass"))
        digest.update(np.ascontiguousarray(scene.boxes, np.float32).tobytes())
        digest.update(np.ascontiguousarray(scene.ignored).tobytes())
    return digest.hexdigest()


@runtime_checkable
class SceneDataset(Protocol):
    """Pictures with marked faces, opened through the same door as face crops: ``open_dataset``."""

    name: str

    def splits(self) -> tuple[str, ...]:
        """Names of the splits that hold pictures, in the data set's own order."""
        ...

    def scenes(self, split: str) -> Iterator[Scene]:
        """Every picture of one split, in a fixed order, those without a face too.

        Raises ``DatasetError``.
        """
        ...

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """Reason → keys of the boxes, or pictures, that are left out or were put right."""
        ...
