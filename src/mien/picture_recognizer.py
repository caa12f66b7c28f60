"""The half of ``Recognizer`` that takes pictures: image → faces → crops → expressions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, load_classifier
from mien.detectors.base import Detector, check_detector, check_faces, framing_for
from mien.detectors.load import load_detector
from mien.errors import ConfigError, ImageReadError, InputError
from mien.face_reading import Detected, FaceReader
from mien.face_search import Found, find_faces
from mien.forking import loading
from mien.frames import choose_library, to_frame
from mien.media.images import Source, is_many, is_pil
from mien.options import Options, read_pairs
from mien.preprocess.crop import spec_framing
from mien.registry import DEFAULT_DETECTOR
from mien.types import Result

Image = NDArray[np.uint8]
OnError = Callable[[str, ImageReadError], None]


class PictureRecognizer:
    """Finds the faces in pictures and names each one's expression; see ``Recognizer``."""

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
        self._try_rotations = try_rotations
        self._framing = replace(model.spec, **framing_for(detector.facts, spec_framing(model.spec)))
        self._reader = FaceReader(detector.facts.name, model, self._framing, min_confidence or 0.0)

    def image(self, source: Source) -> Result:
        """The faces of one picture and their expressions; without a face, an empty ``Result``.

        ``source``: a path, an address (``https://…``), bytes, a file object, a PIL image, or an
        array (RGB, not OpenCV's BGR; see ``mien.media.images.read_image``). Raises
        ``ImageReadError`` or ``InputError`` if it cannot be read as a picture.
        """
        return self._one(source, whole=False)[0]

    def _one(self, source: Source, whole: bool) -> tuple[Result, Image]:
        return next(self._reader.read([self.detect(source, whole=whole)]))

    def detect(self, source: Source, *, whole: bool = False, name: str | None = None) -> Detected:
        """The first half of ``image``: a picture whose faces are found and not yet named.

        ``whole``: with all of its pixels, as ``stream`` yields it. ``name``: the source that the
        result gets, instead of the file's. A server finds the faces of several pictures in threads
        and has them named in one call by ``read``. Raises what ``image`` raises.
        """
        began = time.perf_counter()
        name = name or _name_of(source)
        found = self._find(source, whole)
        check_faces(self.detector.facts.name, found.faces, name or "a picture")
        origin: Any = source if isinstance(source, np.ndarray) or is_pil(source) else None
        if origin is None and found.is_whole:
            origin = found.image
        return Detected(found, origin, name, (time.perf_counter() - began) * 1000)

    def read(self, pictures: Sequence[Detected]) -> Iterator[tuple[Result, Image]]:
        """The second half: a result for each picture, in order, and its picture.

        All faces are classified in one call; where that fails, each picture on its own, and the
        error is raised in the place of the first one that fails.
        """
        return self._reader.read(list(pictures))

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
        return to_frame(rows, self._reader.columns(), library)

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
        return self._reader.batched(self._detected(sources, on_error, whole))

    def _detected(
        self, sources: Iterable[Source], on_error: OnError | None, whole: bool
    ) -> Iterator[Detected]:
        for source in sources:
            try:
                detected = self.detect(source, whole=whole)
            except ImageReadError as error:
                if on_error is None:
                    raise
                on_error(_name_of(source) or "picture", error)
                continue
            yield detected

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
