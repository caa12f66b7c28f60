"""``Recognizer``: image → faces → crops → expressions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, answers, load_classifier
from mien.detectors.base import Detector, check_detector, check_faces, framing_for
from mien.detectors.load import load_detector
from mien.errors import ConfigError, ImageReadError, InputError
from mien.face_search import Found, find_faces
from mien.forking import loading
from mien.frames import choose_library, to_frame
from mien.media.images import Source, is_many, is_once, is_pil
from mien.options import Options, read_pairs
from mien.preprocess.crop import spec_framing
from mien.registry import DEFAULT_DETECTOR
from mien.results import Results
from mien.types import COLUMNS, EmotionScores, Face, Reading, Result, probability_columns

Image = NDArray[np.uint8]
OnError = Callable[[str, ImageReadError], None]

BATCH_FACES, BATCH_PIXELS, BATCH_PICTURES = 64, 16_000_000, 16
"""A batch is classified when it reaches one of these: enough faces for one call of the network, too
many pixels to hold in memory, or enough pictures that wait for a result."""


@dataclass(slots=True)
class _Detected:
    """A picture whose faces are detected and not yet classified."""

    found: Found
    origin: Any
    """What a result remembers: the caller's array or PIL image, else the whole picture."""
    source: str | None
    elapsed_ms: float


class Recognizer:
    """Finds the faces in pictures and names each one's expression.

    ``detector`` and ``model`` are registered names (``mien models`` lists them), paths of ONNX
    files with a ``DetectorSpec`` or a ``ModelSpec``, or objects that follow the ``Detector`` and
    ``Classifier`` protocols. ``min_face_size`` is the side in pixels of the smallest face to look
    for (``None``: the detector's default). ``detector_options`` are further options of the detector
    (see ``mien.detectors.load.load_detector``). Pictures of more than ``max_pixels`` are refused
    before they are decoded, and addresses (``https://…``) of servers that are not on the internet
    unless ``allow_private`` (see ``mien.media.images.read_image``). ``threads`` limits the threads
    of each network. A face whose most probable expression is below ``min_confidence``, in [0, 1],
    gets the expression ``"uncertain"`` and keeps its probabilities. With ``try_rotations``,
    each picture is searched on its sides and upside down as well (``mien.detectors.turns``), for
    scans and photos that lie; boxes and landmarks are those of the picture as given. ``device`` is
    where networks run: cpu (the default), cuda, coreml, dml, openvino, or auto, the best of these
    that works (docs/usage.md).

    Networks are loaded once, here: make one ``Recognizer`` and keep it. Threads may share it, and
    so may processes that are forked from this one (docs/processes.md).
    Raises ``UnknownNameError``, ``ModelError`` and ``ConfigError``.
    """

    def __init__(
        self,
        detector: str | Path | Detector = DEFAULT_DETECTOR,
        model: str | Path | Classifier = "default",
        *,
        min_face_size: float | None = None,
        detector_options: Options = (),
        max_pixels: int | None = None,
        threads: int | None = None,
        device: str | None = None,
        min_confidence: float | None = None,
        allow_private: bool | None = None,
        try_rotations: bool = False,
    ) -> None:
        if min_confidence is not None and not 0 <= min_confidence <= 1:
            raise ConfigError(f"min_confidence is {min_confidence}: give a number from 0 to 1")
        given = read_pairs(detector_options, "detector_options")
        if min_face_size is not None:
            if "min_face_size" in given:
                raise ConfigError("min_face_size is given twice: leave it out of detector_options")
            given["min_face_size"] = min_face_size
        if isinstance(detector, str | Path):
            with loading:
                detector = load_detector(detector, threads=threads, options=given, device=device)
        elif given:
            raise ConfigError(
                f"{', '.join(given)}: only for a detector given by name or file; set it on your "
                "detector itself"
            )
        else:
            detector = check_detector(detector, type(detector).__name__)
        if isinstance(model, str | Path):
            with loading:
                model = load_classifier(model, threads=threads, device=device)
        self.detector: Detector = detector
        self.classifier: Classifier = model
        self._max_pixels, self._allow_private = max_pixels, allow_private
        self._min_confidence = min_confidence or 0.0
        self._try_rotations = try_rotations
        self._framing = replace(model.spec, **framing_for(detector.facts, spec_framing(model.spec)))

    def image(self, source: Source) -> Result:
        """The faces of one picture and their expressions; without a face, an empty ``Result``.

        ``source``: a path, an address (``https://…``), bytes, a file object, a PIL image, or an
        array (RGB, not OpenCV's BGR; see ``mien.media.images.read_image``). Raises
        ``ImageReadError`` or ``InputError`` if it cannot be read as a picture.
        """
        return self._one(source, whole=False)[0]

    def _one(self, source: Source, whole: bool) -> tuple[Result, Image]:
        return next(self._classify([self._detect(source, whole)]))

    def images(
        self, sources: Iterable[Source], on_error: OnError | None = None
    ) -> Iterator[Result]:
        """One ``Result`` per picture, in order; pictures are read lazily and classified in batches.

        A picture that cannot be read is skipped and passed to ``on_error`` as (name, error);
        without ``on_error`` the error is raised. Results hold no pictures, so memory stays flat.
        Raises ``InputError`` for one picture in place of a list.
        """
        return (result for result, _ in self._stream(sources, on_error, whole=False))

    def frame(
        self,
        sources: Iterable[Source],
        on_error: OnError | None = None,
        *,
        library: str | None = None,
    ) -> Any:
        """The rows of many pictures as one data frame of pandas or Polars (``library``).

        One row per face; a picture without a face has one row, almost empty. ``on_error`` is that
        of ``images``. Raises ``MissingPackageError`` with the pip command before the first picture
        is read, and ``ConfigError`` for another library.
        """
        _check_many(sources)
        library = choose_library(library)
        rows = [row for r in self.images(sources, on_error) for row in r.rows(keep_empty=True)]
        return to_frame(rows, self._columns(), library)

    def stream(
        self, sources: Iterable[Source], on_error: OnError | None = None
    ) -> Iterator[tuple[Result, Image]]:
        """Like ``images``, but yields each result with its picture, (H, W, 3) RGB uint8.

        Large photos take longer than with ``images``, which need not decode all of them.
        """
        return self._stream(sources, on_error, whole=True)

    def _stream(
        self, sources: Iterable[Source], on_error: OnError | None, whole: bool
    ) -> Iterator[tuple[Result, Image]]:
        _check_many(sources)
        waiting: list[_Detected] = []
        faces = pixels = 0
        try:
            for source in sources:
                try:
                    detected = self._detect(source, whole)
                except ImageReadError as error:
                    if on_error is None:
                        raise
                    on_error(_name_of(source) or "picture", error)
                    continue
                waiting.append(detected)
                faces += len(detected.found.faces)
                pixels += detected.found.image.size // 3
                if faces >= BATCH_FACES or pixels >= BATCH_PIXELS or len(waiting) >= BATCH_PICTURES:
                    batch, waiting, faces, pixels = waiting, [], 0, 0
                    yield from self._classify(batch)
        except Exception:  # of the sources, a detector, a classifier: keep what is already done
            yield from self._classify(waiting)
            raise
        yield from self._classify(waiting)

    def _detect(self, source: Source, whole: bool) -> _Detected:
        began = time.perf_counter()
        name = _name_of(source)
        found = self._find(source, whole)
        check_faces(self.detector.facts.name, found.faces, name or "a picture")
        origin: Any = source if isinstance(source, np.ndarray) or is_pil(source) else None
        if origin is None and found.is_whole:
            origin = found.image
        return _Detected(found, origin, name, (time.perf_counter() - began) * 1000)

    def _find(self, source: Source, whole: bool) -> Found:
        global _has_read
        if _has_read:
            return self._find_faces(source, whole)
        with loading:  # the first picture imports what decodes it
            found = self._find_faces(source, whole)
        _has_read = True
        return found

    def _find_faces(self, source: Source, whole: bool) -> Found:
        return find_faces(
            source, self.detector, self._framing, whole=whole, turned=self._try_rotations,
            max_pixels=self._max_pixels, allow_private=self._allow_private,
        )  # fmt: skip

    def _columns(self) -> tuple[str, ...]:
        """Those of a row: see ``Result.columns``."""
        spec = self.classifier.spec
        affect = ("valence", "arousal") if spec.affect else ()
        return (*COLUMNS, *probability_columns(spec.labels), *affect)

    def _classify(self, pictures: list[_Detected]) -> Iterator[tuple[Result, Image]]:
        """A result for each of ``pictures``, whose faces are classified in one call.

        If that fails, each picture is classified on its own, so that those before the one that
        fails are not lost.
        """
        began = time.perf_counter()
        found = [picture.found for picture in pictures]
        crops = [each.crop(face, self._framing) for each in found for face in each.faces]
        try:
            readings = self._read_crops([f for each in found for f in each.faces], crops)
        except Exception:
            if len(pictures) < 2:
                raise
            for picture in pictures:
                yield from self._classify([picture])
            return
        share = (time.perf_counter() - began) * 1000 / max(len(pictures), 1)
        for picture in pictures:
            result = Result(
                tuple(islice(readings, len(picture.found.faces))),
                width=picture.found.width,
                height=picture.found.height,
                source=picture.source,
                detector=self.detector.facts.name,
                model=self.classifier.spec.name,
                elapsed_ms=picture.elapsed_ms + share,
                columns=self._columns(),
            )
            if picture.origin is not None:
                result.remember(picture.origin)
            yield result, picture.found.image

    def _read_crops(self, faces: list[Face], crops: list[Image]) -> Iterator[Reading]:
        """A reading for each face, whose crop is (S, S, 3)."""
        if not faces:
            return iter(())
        spec = self.classifier.spec
        probs, affect = answers(self.classifier, crops)
        pairs = [(None, None)] * len(faces) if affect is None else affect.tolist()
        return iter(
            [
                Reading(
                    face,
                    EmotionScores(spec.labels, tuple(p.tolist())),
                    valence,
                    arousal,
                    small=crop.shape[0] < spec.input_size,
                    uncertain=float(p.max()) < self._min_confidence,
                )
                for face, crop, p, (valence, arousal) in zip(
                    faces, crops, probs, pairs, strict=True
                )
            ]
        )


@overload
def analyze(  # type: ignore[overload-overlap]  # a text is an iterable of texts
    source: Source,
    *,
    detector: str | Path | Detector = ...,
    model: str | Path | Classifier = ...,
    min_face_size: float | None = ...,
    detector_options: Options = ...,
    max_pixels: int | None = ...,
    threads: int | None = ...,
    device: str | None = ...,
    min_confidence: float | None = ...,
    allow_private: bool | None = ...,
    try_rotations: bool = ...,
    on_error: OnError | None = ...,
) -> Result: ...
@overload
def analyze(
    source: Iterable[Source],
    *,
    detector: str | Path | Detector = ...,
    model: str | Path | Classifier = ...,
    min_face_size: float | None = ...,
    detector_options: Options = ...,
    max_pixels: int | None = ...,
    threads: int | None = ...,
    device: str | None = ...,
    min_confidence: float | None = ...,
    allow_private: bool | None = ...,
    try_rotations: bool = ...,
    on_error: OnError | None = ...,
) -> Results: ...
def analyze(
    source: Source | Iterable[Source],
    *,
    detector: str | Path | Detector = DEFAULT_DETECTOR,
    model: str | Path | Classifier = "default",
    min_face_size: float | None = None,
    detector_options: Options = (),
    max_pixels: int | None = None,
    threads: int | None = None,
    device: str | None = None,
    min_confidence: float | None = None,
    allow_private: bool | None = None,
    try_rotations: bool = False,
    on_error: OnError | None = None,
) -> Result | Results:
    """Faces and expressions of one picture, or of a list of them.

    ``source``: a path, an address (``https://…``), bytes, a file object, a PIL image or an array
    (RGB, not OpenCV's BGR) gives a ``Result``; a list or any other iterable of them gives
    ``Results``. A picture of a list that cannot be read is passed to ``on_error`` as (name, error)
    and left out; without ``on_error`` the error is raised. The other options are those of
    ``Recognizer``.

    The networks are loaded at the first call and kept for later calls with the same options, and so
    is the picture of the last call, for notebooks::

        >>> import mien
        >>> mien.analyze("photo.jpg")
        Result('photo.jpg', 512×512, 1 face: happiness 98%)
        >>> mien.analyze(["photo.jpg", "other.jpg"])
        Results(2 pictures: 3 happiness, 1 neutral)
    """
    global _kept, _shown
    options: dict[str, Any] = {
        "detector": detector, "model": model, "min_face_size": min_face_size,
        "detector_options": detector_options, "max_pixels": max_pixels, "threads": threads,
        "device": device, "min_confidence": min_confidence, "allow_private": allow_private,
        "try_rotations": try_rotations,
    }  # fmt: skip
    with _lock:
        if _kept is None or _kept[0] != options:
            _kept = options, Recognizer(**options)
        recognizer = _kept[1]
    if is_many(source):
        return Results(recognizer.images(source, on_error))
    one = cast("Source", source)
    result, image = recognizer._one(one, whole=is_once(one))
    if is_once(one):
        _shown = image
    return result


_lock = loading
_kept: tuple[dict[str, Any], Recognizer] | None = None  # one only: analyze is for simple use
_shown: Image | None = None
_has_read = False


def _check_many(sources: Iterable[Source]) -> None:
    """Raise ``InputError`` for one picture in place of several: its letters or rows are none."""
    if not is_many(sources) and not _is_stack(sources):
        raise InputError("one picture where a list of pictures is expected: put it in a list")


def _is_stack(source: object) -> bool:
    """Whether an array holds many pictures, or their paths."""
    if not isinstance(source, np.ndarray):
        return False
    one = source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (1, 3, 4))
    return not one


def _name_of(source: Source) -> str | None:
    """The path of a source, or ``None`` for data in memory."""
    if isinstance(source, str | Path):
        return str(source)
    name = getattr(source, "name", None) or getattr(source, "filename", None)
    return name if isinstance(name, str) else None
