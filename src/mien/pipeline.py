"""``Recognizer``: image → faces → crops → expressions, in that one direction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, load_classifier
from mien.detectors.base import Detector, check_detector, check_faces
from mien.detectors.load import load_detector
from mien.errors import ConfigError, ImageReadError
from mien.media.images import Source, read_image
from mien.options import Options, read_pairs
from mien.preprocess.crop import face_crop
from mien.preprocess.framing import BOX_FRAMING
from mien.types import EmotionScores, Face, Reading, Result

Image = NDArray[np.uint8]
OnError = Callable[[str, ImageReadError], None]

# A batch is classified when it is worth a call of the network, before the pictures that wait for it
# take much memory, and soon enough for whoever waits for the first result.
BATCH_FACES, BATCH_PIXELS, BATCH_PICTURES = 64, 16_000_000, 16


@dataclass(slots=True)
class _Seen:
    """A picture whose faces are found and whose expressions are not yet named."""

    image: Image
    source: str | None
    faces: list[Face]
    elapsed_ms: float


class Recognizer:
    """Finds the faces of pictures and names each one's expression.

    ``detector`` and ``model`` are registered names (``mien models`` lists them), paths of ONNX
    files with a ``DetectorSpec`` and a ``ModelSpec``, or objects that follow the ``Detector`` and
    ``Classifier`` protocols. ``min_face_size`` is the side in pixels of the smallest face looked
    for (the detector's default where ``None``), ``detector_options`` what else the detector takes
    (see ``mien.detectors.load.load_detector``); ``max_pixels`` refuses larger pictures before
    decoding them (see ``mien.media.images.read_image``); ``threads`` bounds the threads of each
    network.

    Networks are loaded once, here; make one ``Recognizer`` and keep it. It may be shared between
    threads. Raises ``UnknownNameError``, ``ModelError`` and ``ConfigError``.
    """

    def __init__(
        self,
        detector: str | Path | Detector = "mtcnn",
        model: str | Path | Classifier = "default",
        *,
        min_face_size: float | None = None,
        detector_options: Options = (),
        max_pixels: int | None = None,
        threads: int | None = None,
    ) -> None:
        asked = read_pairs(detector_options, "detector_options")
        if min_face_size is not None:
            if "min_face_size" in asked:
                raise ConfigError("min_face_size is given twice: leave it out of detector_options")
            asked["min_face_size"] = min_face_size
        if isinstance(detector, str | Path):
            detector = load_detector(detector, threads=threads, options=asked)
        elif asked:
            raise ConfigError(
                f"{', '.join(asked)}: for detectors given by name or file; set it on your own"
            )
        else:
            detector = check_detector(detector, type(detector).__name__)
        if isinstance(model, str | Path):
            model = load_classifier(model, threads=threads)
        self.detector: Detector = detector
        self.classifier: Classifier = model
        self._max_pixels = max_pixels
        # A picture that is a face crop already has its framing.
        cropped = detector.facts.cropped
        self._framing = replace(model.spec, **BOX_FRAMING) if cropped else model.spec

    def image(self, source: Source) -> Result:
        """The faces of one picture and their expressions.

        ``source``: a path, bytes, a file object, a PIL image, or an array (RGB; see
        ``mien.media.images.read_image``). Raises ``ImageReadError`` or ``InputError`` where it
        cannot be read as a picture; a picture without a face gives an empty ``Result``.
        """
        seen = self._see(source)
        return next(self._name([seen]))[0]

    def images(
        self, sources: Iterable[Source], on_error: OnError | None = None
    ) -> Iterator[Result]:
        """One ``Result`` a picture, in order, read lazily and classified in batches.

        A picture that cannot be read is handed to ``on_error`` as (name, error) and left out;
        without ``on_error`` the error is raised.
        """
        return (result for result, _ in self.stream(sources, on_error))

    def stream(
        self, sources: Iterable[Source], on_error: OnError | None = None
    ) -> Iterator[tuple[Result, Image]]:
        """As ``images``, with the (H, W, 3) RGB uint8 picture beside each result."""
        waiting: list[_Seen] = []
        faces = pixels = 0
        for source in sources:
            try:
                seen = self._see(source)
            except ImageReadError as error:
                if on_error is None:
                    yield from self._name(waiting)  # nothing already done is lost
                    raise
                on_error(_name_of(source) or "picture", error)
                continue
            waiting.append(seen)
            faces += len(seen.faces)
            pixels += seen.image.size // 3
            if faces >= BATCH_FACES or pixels >= BATCH_PIXELS or len(waiting) >= BATCH_PICTURES:
                yield from self._name(waiting)
                waiting, faces, pixels = [], 0, 0
        yield from self._name(waiting)

    def _see(self, source: Source) -> _Seen:
        began = time.perf_counter()
        image = read_image(source, max_pixels=self._max_pixels)
        name = _name_of(source)
        faces = self.detector.detect(image)
        check_faces(self.detector.facts.name, faces, name or "a picture")
        faces = sorted(faces, key=lambda face: (face.box.x1, face.box.y1))
        return _Seen(image, name, faces, (time.perf_counter() - began) * 1000)

    def _name(self, pictures: list[_Seen]) -> Iterator[tuple[Result, Image]]:
        """Classify all faces of ``pictures`` in one go and deal them out again."""
        began = time.perf_counter()
        spec = self.classifier.spec
        crops = [face_crop(p.image, face, self._framing) for p in pictures for face in p.faces]
        probs = iter(self.classifier.classify(crops)) if crops else iter(())
        share = (time.perf_counter() - began) * 1000 / max(len(pictures), 1)
        for seen in pictures:
            readings = tuple(
                Reading(face, EmotionScores(spec.labels, tuple(next(probs).tolist())))
                for face in seen.faces
            )
            height, width = seen.image.shape[:2]
            yield (
                Result(
                    readings,
                    width=width,
                    height=height,
                    source=seen.source,
                    detector=self.detector.facts.name,
                    model=spec.name,
                    elapsed_ms=seen.elapsed_ms + share,
                ),
                seen.image,
            )


def analyze(
    source: Source,
    *,
    detector: str | Path | Detector = "mtcnn",
    model: str | Path | Classifier = "default",
    min_face_size: float | None = None,
    detector_options: Options = (),
    max_pixels: int | None = None,
    threads: int | None = None,
) -> Result:
    """Faces and expressions of one picture; the options are those of ``Recognizer``.

    The networks are loaded at the first call and kept for later calls with the same options::

        >>> import mien
        >>> mien.analyze("photo.jpg")
        Result('photo.jpg', 512×512, 1 face: happiness 98%)
    """
    global _kept
    options: dict[str, Any] = {
        "detector": detector, "model": model, "min_face_size": min_face_size,
        "detector_options": detector_options, "max_pixels": max_pixels, "threads": threads,
    }  # fmt: skip
    with _lock:
        if _kept is None or _kept[0] != options:
            _kept = options, Recognizer(**options)
        recognizer = _kept[1]
    return recognizer.image(source)


_lock = Lock()
_kept: tuple[dict[str, Any], Recognizer] | None = None  # one at a time: this door is for simple use


def _name_of(source: Source) -> str | None:
    """The path that a source came from, or ``None`` for data in memory."""
    if isinstance(source, str | Path):
        return str(source)
    name = getattr(source, "name", None) or getattr(source, "filename", None)
    return name if isinstance(name, str) else None
