"""The frames of a video → results; what follows persons over time plugs in here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.face_reading import Detected, FaceReader
from mien.face_search import Found
from mien.media.video.reader import Frame
from mien.types import EmotionScores, Face, Reading, Result

Image = NDArray[np.uint8]


class FaceTracker(Protocol):
    """Numbers the persons of one stream of frames, such as ``mien.tracking.Tracker``."""

    def update(
        self, faces: Sequence[Face], time_s: float, image: Image | None = None
    ) -> tuple[Face, ...]:
        """The faces of the next frame, (H, W, 3) RGB uint8, with ``track_id`` set where known."""
        ...


class SmoothedValues(Protocol):
    """What a reading is when those before it are taken into account."""

    @property
    def emotions(self) -> EmotionScores:
        """The smoothed probabilities, of the same labels."""
        ...

    @property
    def expression(self) -> str:
        """One of the labels, which may be held against another that is hardly more probable."""
        ...

    @property
    def valence(self) -> float | None:
        """Smoothed, if the model estimates it."""
        ...

    @property
    def arousal(self) -> float | None:
        """Smoothed, if the model estimates it."""
        ...


class ReadingSmoother(Protocol):
    """Steadies the readings of each track over time, such as ``mien.tracking``'s."""

    def update(self, reading: Reading, time_s: float) -> SmoothedValues:
        """The smoothed values of the next reading of its ``track_id``."""
        ...


def results_of(
    frames: Iterable[Frame],
    source: str | None,
    find: Callable[[Image], Found],
    reader: FaceReader,
    *,
    tracker: FaceTracker | None = None,
    smoother: ReadingSmoother | None = None,
) -> Iterator[Result]:
    """A result for each frame, in order; faces of several frames are classified in one call.

    A result remembers its frame until the next one is taken. Where ``frames`` raises, the results
    of the frames before come first.
    """
    detected = _detected(frames, source, find, tracker)
    for result, image in reader.batched(detected):
        if smoother is not None:
            smooth = _smoothed(result, smoother, reader.min_confidence)
            smooth.remember(image)
            yield smooth
        else:
            yield result


def _detected(
    frames: Iterable[Frame],
    source: str | None,
    find: Callable[[Image], Found],
    tracker: FaceTracker | None,
) -> Iterator[Detected]:
    for frame in frames:
        began = time.perf_counter()
        found = find(frame.image)
        if tracker is not None:
            faces = tracker.update(found.faces, frame.time_s, frame.image)
            found = replace(found, faces=sorted(faces, key=lambda f: (f.box.x1, f.box.y1)))
        elapsed_ms = (time.perf_counter() - began) * 1000
        yield Detected(found, frame.image, source, elapsed_ms, frame.index, frame.time_s)


def _smoothed(result: Result, smoother: ReadingSmoother, min_confidence: float) -> Result:
    assert result.time_s is not None
    time_s = result.time_s
    return replace(
        result, readings=tuple(_smooth(r, smoother, time_s, min_confidence) for r in result)
    )


def _smooth(
    reading: Reading, smoother: ReadingSmoother, time_s: float, min_confidence: float
) -> Reading:
    """The reading with smoothed values; one without a track stays as it is."""
    if reading.face.track_id is None:
        return reading
    values = smoother.update(reading, time_s)
    smooth = replace(
        reading,
        emotions=values.emotions,
        valence=values.valence,
        arousal=values.arousal,
        held=values.expression,
        raw=reading,
    )
    return replace(smooth, uncertain=smooth.prob < min_confidence)
