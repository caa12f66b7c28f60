"""Labelled photos: the faces that a detector finds in them, as face crops.

A labelled photo is not a face crop. Its face is found and cut here as ``mien.pipeline.Recognizer``
does it: the same decoder, ``Detector.detect`` and ``mien.preprocess.crop.face_crop``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.datasets.base import Dataset
from mien.datasets.files.decoding import in_threads
from mien.datasets.samples import Pixels, Sample, pixel_keys
from mien.detectors.base import Detector, check_detector, check_faces, framing_for
from mien.detectors.load import load_detector
from mien.errors import ConfigError, DatasetError, NoFaceError, brief
from mien.media.images import read_image
from mien.preprocess.crop import face_crop, spec_framing
from mien.preprocess.framing import BOX_FRAMING, FER2013_FRAMING, Framing
from mien.registry import DEFAULT_DETECTOR
from mien.specs.classifier import ModelSpec
from mien.types import Face

FACES = ("largest", "all")
"""Which faces of a photo are samples."""
CROPPED = "crop.json"
"""What ``mien data crop`` leaves in a folder of faces: how they were framed."""
DETECT = ("no", "yes")
"""Further values of the option ``detect``; ``yes`` is ``largest``."""
_AHEAD = 64  # photos whose faces wait, a few bytes each
_PLAIN = ModelSpec("framed", ("any",), 1)  # only its framing is used

OnProgress = Callable[[int, int], None]
"""Called with (photos searched, photos in all)."""


class DetectedFaces:
    """``dataset``, whose pictures are whole photos, as crops of the faces in them.

    ``faces``: the ``largest`` of each photo, or ``all``, each with its photo's label; then the keys
    are ``photo#0``, ``photo#1`` and so on, from left to right. Crops are (S, S) grey or (S, S, 3)
    RGB in the photo's resolution, cut with ``framing``; those of a model with another one are cut
    anew by ``framed``. A photo without a face stays a sample, whose decoding raises
    ``NoFaceError``.

    A face is found when its sample is decoded, with ``all`` when the samples are listed. It is
    remembered: a photo is searched once. Threads may share the data set. Raises ``ConfigError`` for
    other ``faces``, an object that is no detector, and for crops that were detected before.
    """

    def __init__(
        self,
        dataset: Dataset,
        detector: Detector,
        faces: str = "largest",
        framing: Framing = FER2013_FRAMING,
    ) -> None:
        if faces not in FACES:
            raise ConfigError(f"faces must be {' or '.join(FACES)}, got {faces!r}")
        check_detector(detector, type(detector).__name__)
        if dataset.facts.detected:
            raise ConfigError(
                f"the pictures of {dataset.facts.name} are faces that were detected before: leave "
                "out detect=…"
            )
        name = detector.facts.name
        if detector.facts.cropped:
            framing = BOX_FRAMING
        detected = name, faces
        self.facts = replace(dataset.facts, framing=framing, detected=detected, official=None)
        self._dataset, self._finder = dataset, _Finder(detector)
        self.lists_faces = faces == "all"
        """Whether listing the samples finds the faces."""

    def splits(self) -> tuple[str, ...]:
        """As the data set's."""
        return self._dataset.splits()

    def samples(self, split: str) -> Iterator[Sample]:
        """A crop for each photo of ``split``; with ``all`` for each face, which decodes them."""
        framing = framing_for(self._finder.detector.facts, self.facts.framing or FER2013_FRAMING)
        photos = (
            Cutout(photo, (split, photo.key), self._finder, None, framing)
            for photo in self._dataset.samples(split)
        )
        if not self.lists_faces:
            for cutout in photos:
                yield replace(cutout.photo, pixels=cutout)
            return
        for cutout, count in in_threads(_count, photos, ahead=_AHEAD):
            for index in range(max(1, count)):  # without a face, one that says so
                yield replace(
                    cutout.photo,
                    pixels=replace(cutout, index=index),
                    key=f"{cutout.photo.key}#{index}",
                    photo=cutout.photo.key,
                )

    def skipped(self, split: str) -> Mapping[str, Sequence[str]]:
        """As the data set's: a photo without a face is not left out."""
        return self._dataset.skipped(split)

    def search(self, on_progress: OnProgress | None = None) -> None:
        """Find the faces of every photo now, in threads, to show how far it is.

        Photos that cannot be read are reported when they are decoded.
        """
        photos = [
            Cutout(photo, (split, photo.key), self._finder, None, FER2013_FRAMING)
            for split in self.splits()
            for photo in self._dataset.samples(split)
        ]
        for done, _ in enumerate(in_threads(_count, photos, ahead=_AHEAD), start=1):
            if on_progress:
                on_progress(done, len(photos))


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A face of a photo, for ``Sample.pixels``: a call finds it and cuts it out."""

    photo: Sample
    place: tuple[str, str]
    """Split and key of the photo."""
    finder: _Finder
    index: int | None
    """Number of the face from left to right; ``None``: the largest one."""
    framing: Framing
    """Relative to the detector's box."""

    def __call__(self) -> Pixels:
        """(S, S) or (S, S, 3). Raises ``DatasetError``, and ``NoFaceError`` without a face."""
        image = self.photo.image
        face = self._face(self.finder.found(self.place, image).faces)
        # A view would keep the whole photo.
        return face_crop(image, face, replace(_PLAIN, **self.framing)).copy()

    @property
    def face(self) -> Face:
        """The face in pixels of the photo, which is decoded unless it was searched before."""
        return self._face(self._found().faces)

    @property
    def count(self) -> int:
        """Faces in the photo."""
        return len(self._found().faces)

    def identity(self) -> bytes:
        """16 bytes, equal for equal boxes in photos of equal pixels, however they are framed."""
        found = self._found()
        box = np.array(self._face(found.faces).box.to_list(), np.float64)
        return hashlib.blake2b(found.pixels + box.tobytes(), digest_size=16).digest()

    def framed(self, framing: Framing) -> Cutout:
        """The same face in another framing."""
        return replace(self, framing=framing_for(self.finder.detector.facts, framing))

    def _found(self) -> _Found:
        return self.finder.known(self.place) or self.finder.found(self.place, self.photo.image)

    def _face(self, faces: Sequence[Face]) -> Face:
        if not faces:
            raise NoFaceError(f"no face found in {self.photo.key}")
        if self.index is None:
            return max(faces, key=lambda face: face.box.width * face.box.height)
        return faces[self.index]


def detect_faces(
    dataset: Dataset,
    detect: str | None = None,
    detector: str = DEFAULT_DETECTOR,
    min_face_size: float | None = None,
) -> Dataset:
    """``dataset`` as its user's options say: itself with ``detect=no``, else the faces found in it.

    ``detect``: ``yes`` is ``largest``. ``detector``: a registered name, or an ONNX file;
    ``min_face_size``: the side in pixels of the smallest face to look for, by default the
    detector's. Raises ``ConfigError`` for other values, for a data set of whole pictures with
    marked faces, and where a detector is given without ``detect``; and what ``load_detector``
    raises.
    """
    if detect is None:
        raise ConfigError("detector and min_face_size are for whole photos: add detect=yes")
    if detect not in (*DETECT, *FACES):
        names = ", ".join((*DETECT, *FACES))
        raise ConfigError(f"detect must be one of {names}, got {brief(detect)}")
    if detect == "no":
        return dataset
    if not isinstance(dataset, Dataset):
        raise ConfigError(
            f"detect={detect} is for photos with a label each, and the {dataset.facts.name} data "
            "set has whole pictures with marked faces: leave it out"
        )
    options = {} if min_face_size is None else {"min_face_size": min_face_size}
    # One thread a photo: photos share the cores.
    found = load_detector(detector, threads=1, options=options)
    return DetectedFaces(dataset, found, "largest" if detect == "yes" else detect)


def framed(sample: Sample, spec: ModelSpec) -> Sample:
    """``sample``; where it is cut out of a photo, framed as for the model of ``spec``."""
    if not isinstance(sample.pixels, Cutout):
        return sample
    return replace(sample, pixels=sample.pixels.framed(spec_framing(spec)))


@dataclass(frozen=True, slots=True)
class _Found:
    pixels: bytes
    """Of the photo."""
    faces: tuple[Face, ...]
    """From left to right, as ``Recognizer`` numbers them."""


class _Finder:
    """A detector, and what it found in each photo."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._found: dict[tuple[str, str], _Found] = {}

    def known(self, place: tuple[str, str]) -> _Found | None:
        """What was found in a photo, if it was searched."""
        return self._found.get(place)

    def found(self, place: tuple[str, str], image: NDArray[np.uint8]) -> _Found:
        """What is found in a photo, (H, W) or (H, W, 3)."""
        found = self._found.get(place)
        if found is None:
            faces = self.detector.detect(read_image(image))
            check_faces(self.detector.facts.name, faces, place[1])
            faces.sort(key=lambda face: (face.box.x1, face.box.y1))
            found = self._found[place] = _Found(pixel_keys([image])[0], tuple(faces))
        return found


def _count(cutout: Cutout) -> int:
    """Faces of a photo; 0 if it cannot be read, which is reported when it is decoded."""
    try:
        return cutout.count
    except DatasetError:
        return 0
