"""Whole pictures with the faces that are marked in them."""

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
    """One picture and its N marked faces; nothing but ``image`` decodes the picture."""

    pixels: Pixels | Callable[[], Pixels]
    """The picture, or a function that decodes it."""
    key: str
    """Identifies the picture within its data set: its path."""
    boxes: NDArray[np.float32]
    """(N, 4) as x1, y1, x2, y2 in pixels of the picture, ``x1 < x2`` and ``y1 < y2``."""
    ignored: NDArray[np.bool_]
    """(N,) faces that count neither as found nor as missed, such as WIDER FACE's invalid faces."""
    subsets: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Name → (N,), such as WIDER FACE's ``easy``, ``medium`` and ``hard``; may be empty."""
    attributes: tuple[Mapping[str, Any], ...] = ()
    """Further annotations of each face, such as ``{"blur": 2}``: N of them, or an empty tuple."""
    width: int | None = None
    """As annotated; ``None`` if unknown."""
    height: int | None = None

    @property
    def image(self) -> Pixels:
        """(H, W, 3) RGB uint8, decoded at every call. Raises ``DatasetError``."""
        image = self.pixels() if callable(self.pixels) else self.pixels
        return np.repeat(image[:, :, None], 3, axis=2) if image.ndim == 2 else image


def box_fingerprint(scenes: Iterable[Scene]) -> str:
    """16 hexadecimal digits over the pictures' names and boxes, in any order; decodes nothing."""
    return marks_fingerprint((scene.key, scene.boxes, scene.ignored) for scene in scenes)


def marks_fingerprint(
    pictures: Iterable[tuple[str, NDArray[np.float32], NDArray[np.bool_]]],
) -> str:
    """``box_fingerprint`` of pictures given as (key, boxes, ignored)."""
    digest = hashlib.blake2b(digest_size=8)
    for key, boxes, ignored in sorted(pictures, key=lambda picture: picture[0]):
        digest.update(key.encode("utf-8", "surrogatepass"))
        digest.update(np.ascontiguousarray(boxes, np.float32).tobytes())
        digest.update(np.ascontiguousarray(ignored).tobytes())
    return digest.hexdigest()
