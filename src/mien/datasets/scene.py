"""What every data set of whole pictures gives: pictures with the faces that are marked in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.datasets.samples import Pixels


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


def box_fingerprint(scenes: Iterable[Scene]) -> str:
    """16 hexadecimal digits, equal where pictures' names and marked boxes are; decodes nothing."""
    digest = hashlib.blake2b(digest_size=8)
    for scene in sorted(scenes, key=lambda scene: scene.key):
        digest.update(scene.key.encode("utf-8", "surrogatepass"))
        digest.update(np.ascontiguousarray(scene.boxes, np.float32).tobytes())
        digest.update(np.ascontiguousarray(scene.ignored).tobytes())
    return digest.hexdigest()
