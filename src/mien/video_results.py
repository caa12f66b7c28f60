"""The frames of a video → results: people followed, and their readings steadied over time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.carrying import CarriedReadings
from mien.detectors.base import Detector
from mien.face_reading import Detected, FaceReader
from mien.face_search import Found
from mien.following import look_for
from mien.frame_journal import FramesOfVideo
from mien.media.video.reader import Frame
from mien.tracking.quality import quality
from mien.tracking.smoothing import Smoother, smooth_track
from mien.tracking.tracker import Tracker
from mien.types import EmotionScores, Face, Reading, Result

Image = NDArray[np.uint8]


class FaceTracker(Protocol):
    """Numbers the persons of one stream of frames, as ``mien.tracking.tracker.Tracker`` does."""

    def update(
        self, faces: Sequence[Face], time_s: float, image: Image | None = None
    ) -> tuple[Face, ...]:
        """The faces of the next frame, (H, W, 3) RGB uint8, with ``track_id`` set where known."""
        ...

    def predict(self, time_s: float) -> tuple[Face, ...]:
        """Where the persons of the last frame should be by then, for ``detect_every``."""
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
    """Steadies the readings of each track over time, as ``mien.tracking.smoothing.Smoother``."""

    def update(self, reading: Reading, time_s: float) -> SmoothedValues:
        """The smoothed values of the next reading of its ``track_id``."""
        ...


def tracker_of(track: bool | FaceTracker) -> FaceTracker | None:
    """A new tracker if ``track`` is true, none if it is false, or the one that is given."""
    if isinstance(track, bool):
        return Tracker() if track else None
    return track


def smoother_of(smooth: float | ReadingSmoother) -> ReadingSmoother | None:
    """A new smoother of that time constant in seconds, none for 0, or the one that is given.

    Raises ``ConfigError`` for a time that is negative or not finite.
    """
    if isinstance(smooth, int | float):
        return Smoother(smooth) if smooth else None
    return smooth


def results_of(
    frames: Iterable[Frame],
    source: str | None,
    find: Callable[[Image], Found],
    reader: FaceReader,
    *,
    tracker: FaceTracker | None,
    smoother: ReadingSmoother | None,
    detector: Detector,
    detect_every: int,
    carried: CarriedReadings,
    journal: FramesOfVideo | None = None,
) -> Iterator[Result]:
    """A result for each frame, in order; faces of several frames are classified in one call.

    ``find`` searches the whole of every ``detect_every``-th frame. In those between, ``detector``
    looks where the persons should be, and ``find`` is called if one of them is not there. Neither
    is done for frames that ``journal`` knows; it gets what is found in the others. ``carried`` says
    which faces are classified.

    A result remembers its frame until the next one is taken. Where ``frames`` raises, the results
    of the frames before come first.
    """
    detected = _detected(frames, source, find, tracker, detector, detect_every, carried, journal)
    for result, image in reader.batched(detected, None if journal is None else journal.answered):
        time_s = result.time_s
        assert time_s is not None
        steady = partial(_smooth, smoother, time_s, reader.min_confidence)
        readings = carried.complete(result.readings, time_s, steady)
        finished = replace(result, readings=readings)
        finished.remember(image)
        yield finished


def steadied_offline(
    results: Iterable[Result],
    time_constant_s: float,
    min_confidence: float,
    again: Callable[[], Iterable[Frame]] | None = None,
) -> Iterator[Result]:
    """``results`` of a video with readings smoothed by what comes before and after them.

    All are held until the video ends, without their frames; ``again`` gives the frames a second
    time, which the results then remember. Where ``results`` raises, those before come first.
    """
    held: list[Result] = []
    try:
        for result in results:
            held.append(result)  # those before an error are kept
    except Exception:
        yield from _pictured(_both_ways(held, time_constant_s, min_confidence), again)
        raise
    yield from _pictured(_both_ways(held, time_constant_s, min_confidence), again)


def _pictured(
    results: Iterable[Result], again: Callable[[], Iterable[Frame]] | None
) -> Iterator[Result]:
    """``results``, each of which remembers its frame until the next one is taken."""
    if again is None:
        yield from results
        return
    frames = iter(again())
    for result in results:
        image = next((f.image for f in frames if f.index == result.frame_index), None)
        if image is not None:
            result.remember(image)
        yield result


def _both_ways(
    results: list[Result], time_constant_s: float, min_confidence: float
) -> Iterator[Result]:
    people: dict[int, list[tuple[int, int]]] = {}
    for i, result in enumerate(results):
        for j, reading in enumerate(result):
            if reading.face.track_id is not None:
                people.setdefault(reading.face.track_id, []).append((i, j))
    steadied: dict[tuple[int, int], Reading] = {}
    for places in people.values():
        readings = [results[i][j] for i, j in places]
        times = [results[i].time_s or 0.0 for i, _ in places]
        smooth = smooth_track(readings, times, time_constant_s)
        for place, reading, values in zip(places, readings, smooth, strict=True):
            steadied[place] = _with(reading, values, min_confidence)
    for i, result in enumerate(results):
        both = (steadied.get((i, j), reading) for j, reading in enumerate(result))
        yield replace(result, readings=tuple(both))


def _detected(
    frames: Iterable[Frame],
    source: str | None,
    find: Callable[[Image], Found],
    tracker: FaceTracker | None,
    detector: Detector,
    detect_every: int,
    carried: CarriedReadings,
    journal: FramesOfVideo | None,
) -> Iterator[Detected]:
    """The frames, each with those of its faces that are to be classified."""
    looks = 0  # frames since the whole of one was searched
    may_be_new = False  # it showed a face that gets its number if the next frame has it too
    for frame in frames:
        began = time.perf_counter()
        known = None if journal is None else journal.recall(frame.index)
        if known is not None:
            faces, searched = list(known.faces), known.searched
        else:
            look = tracker if looks + 1 < detect_every and not may_be_new else None
            faces, searched = _faces(frame, find, detector, look)
            if journal is not None:
                journal.found(frame.index, searched, faces)
        looks = 0 if searched else looks + 1
        if tracker is not None:
            tracked = tracker.update(faces, frame.time_s, frame.image)
            new = searched and any(face.track_id is None for face in tracked)
            may_be_new = new and not may_be_new
            faces = sorted(tracked, key=lambda face: (face.box.x1, face.box.y1))
        height, width = frame.image.shape[:2]
        due = carried.due(faces, frame.time_s, partial(_is_usable, frame.image))
        found = Found(frame.image, height, width, due)
        yield Detected(
            found, frame.image, source, (time.perf_counter() - began) * 1000, frame.index,
            frame.time_s, frame.live, None if known is None else known.answers,
        )  # fmt: skip


def _faces(
    frame: Frame, find: Callable[[Image], Found], detector: Detector, tracker: FaceTracker | None
) -> tuple[list[Face], bool]:
    """The faces where those of ``tracker`` should be, or else in the whole frame; whether that."""
    if tracker is not None and (there := tracker.predict(frame.time_s)):
        near = look_for(there, frame.image, detector)
        if near is not None:
            return near, False
    return find(frame.image).faces, True


def _is_usable(image: Image, face: Face) -> bool:
    return quality(image, face).usable


def _smooth(
    smoother: ReadingSmoother | None, time_s: float, min_confidence: float, reading: Reading
) -> Reading:
    """The reading with smoothed values; one without a track stays as it is."""
    if smoother is None or reading.face.track_id is None:
        return reading
    return _with(reading, smoother.update(reading, time_s), min_confidence)


def _with(reading: Reading, values: SmoothedValues, min_confidence: float) -> Reading:
    return replace(
        reading,
        emotions=values.emotions,
        valence=values.valence,
        arousal=values.arousal,
        held=values.expression,
        uncertain=values.emotions[values.expression] < min_confidence,
        raw=reading,
    )
