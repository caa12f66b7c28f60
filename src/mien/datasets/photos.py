"""Whether the pictures of a data set look like whole photos, not like face crops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice

from mien.datasets.base import AnyDataset, Dataset
from mien.datasets.files.decoding import in_threads
from mien.datasets.samples import Pixels, Reducible, Sample
from mien.detectors.base import Detector
from mien.detectors.load import load_detector
from mien.errors import DatasetError
from mien.media.images import read_image
from mien.registry import DEFAULT_DETECTOR

SAMPLED = 24
"""Pictures that are looked at."""
SHOWN = 160
"""They are decoded for a result of this side: faces that matter are found at twice that."""
SMALLEST = 96
"""Pixels of the shorter side from which a picture may be a whole photo."""
SMALL = 0.45
"""Share of the picture's longer side below which its largest face is small: a detector's box takes
up 60 to 110 % of a face crop."""
_FIRST = 4  # pictures that show that a data set is of small crops


@dataclass(frozen=True, slots=True)
class PhotoSigns:
    """What was seen in a sample of the pictures."""

    sampled: int
    """Pictures that were read."""
    found: int
    """Those in which a face was found."""
    small: int
    """Those whose largest face is small."""

    @property
    def are_photos(self) -> bool:
        """Whether most of the faces are small, and a face was found often enough to say so."""
        return 2 * self.small > self.found and 4 * self.small >= self.sampled


def look_for_photos(dataset: AnyDataset, detector: Detector | None = None) -> PhotoSigns | None:
    """What a few pictures of the first split look like; ``None`` where they cannot be photos.

    They cannot where they are small, lie in arrays, or were cut out of photos by the reader, or
    before; that takes next to no time. ``detector``: by default the default detector.
    """
    if not isinstance(dataset, Dataset) or dataset.facts.detected or not dataset.splits():
        return None
    samples = iter(dataset.samples(dataset.splits()[0]))
    first = list(islice(samples, _FIRST))
    if not all(isinstance(sample.pixels, Reducible) for sample in first):
        return None
    if not any(map(_is_large, map(_read, first))):
        return None
    every = [*first, *samples]
    chosen = every[:: max(1, len(every) // SAMPLED)][:SAMPLED]
    images = [image for _, image in in_threads(_read, chosen, ahead=SAMPLED) if image is not None]
    large = list(filter(_is_large, images))
    if 2 * len(large) < len(images):
        return None
    detector = detector or load_detector(DEFAULT_DETECTOR, threads=1)
    shares = [s for _, s in in_threads(partial(_share, detector), large, ahead=SAMPLED) if s]
    return PhotoSigns(len(images), len(shares), sum(share < SMALL for share in shares))


def _is_large(image: Pixels | None) -> bool:
    return image is not None and min(image.shape[:2]) >= SMALLEST


def _read(sample: Sample) -> Pixels | None:
    try:
        return sample.reduced(SHOWN)
    except DatasetError:  # reported by whoever needs the picture
        return None


def _share(detector: Detector, image: Pixels) -> float:
    """Longer side of the largest face over that of the picture; 0 without a face."""
    faces = detector.detect(read_image(image))
    sides = (max(face.box.width, face.box.height) for face in faces)
    return float(max(sides, default=0.0) / max(image.shape[:2]))
