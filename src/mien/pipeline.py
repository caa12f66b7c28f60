"""``Recognizer``: image → faces → crops → expressions."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast, overload

from mien.carrying import CarriedReadings
from mien.classifiers.base import Classifier
from mien.detectors.base import Detector, check_faces
from mien.errors import ConfigError
from mien.face_search import Found
from mien.forking import loading
from mien.frame_journal import FramesOfVideo
from mien.media.camera.events import CameraEvent, warn_of_loss
from mien.media.images import Source, is_many, is_once
from mien.media.video.reader import Frame, VideoSource, open_video
from mien.media.video.reader import OnError as VideoOnError
from mien.options import Options
from mien.picture_recognizer import Image, OnError, PictureRecognizer
from mien.registry import DEFAULT_DETECTOR
from mien.results import Results
from mien.tracking.smoothing import TIME_CONSTANT_S
from mien.types import Result
from mien.video_results import (
    FaceTracker,
    ReadingSmoother,
    results_of,
    smoother_of,
    steadied_offline,
    tracker_of,
)


class Recognizer(PictureRecognizer):
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

    def video(
        self,
        source: VideoSource,
        *,
        start: float = 0.0,
        end: float | None = None,
        every: int | None = None,
        fps: float | None = None,
        rate: float | None = None,
        track: bool | FaceTracker = True,
        smooth: float | ReadingSmoother = TIME_CONSTANT_S,
        offline: bool = False,
        detect_every: int = 1,
        classify_every: float = 0.0,
        on_error: VideoOnError | None = None,
        on_note: Callable[[str], None] = warnings.warn,
    ) -> Iterator[Result]:
        """A ``Result`` for each frame of a video, with ``frame_index`` and ``time_s``.

        People are followed, and their readings steadied over time; for frames on their own give
        ``track=False``.

        ``source``: a video file, a binary file object, a folder of numbered pictures or a pattern
        such as ``frames/%04d.png``. It and the options up to ``rate``, ``on_error`` and ``on_note``
        are those of ``mien.media.video.reader.open_video``, which has all about times and damaged
        files. The others: see ``watch``.

        Results hold no pictures, but ``result.draw()`` works until the next result is taken.
        Raises ``VideoReadError`` and ``ConfigError``.
        """
        video = open_video(
            source, start=start, end=end, every=every, fps=fps, rate=rate,
            max_pixels=self._max_pixels, on_error=on_error, on_note=on_note,
        )  # fmt: skip
        return self.watch(
            video, video.name, track=track, smooth=smooth, offline=offline,
            detect_every=detect_every, classify_every=classify_every,
        )  # fmt: skip

    def camera(
        self,
        source: int | str = 0,
        *,
        seconds: float | None = None,
        track: bool | FaceTracker = True,
        smooth: float | ReadingSmoother = TIME_CONSTANT_S,
        classify_every: float = 0.0,
        on_event: Callable[[CameraEvent], None] = warn_of_loss,
    ) -> Iterator[Result]:
        """A ``Result`` for the newest frame of a camera each time, live and without end.

        ``source``: the number of a webcam, or an address ``rtsp://…`` or ``http://…`` (MJPEG), with
        user and password if need be. ``seconds``: end after so many. A connection that breaks is
        made again, as ``mien.media.camera.reader.open_camera`` says, and ``on_event`` is told; by
        default losses are warnings. The others: see ``watch``.

        The camera is opened when the first result is taken, and closed when the iterator is.
        ``result.draw()`` works until the next result is taken. Raises ``ConfigError``.
        """
        from mien.media.camera.reader import open_camera  # slow: only where it is needed

        camera = open_camera(
            source, seconds=seconds, on_event=on_event, max_pixels=self._max_pixels
        )
        results = self.watch(
            camera, camera.name, track=track, smooth=smooth, classify_every=classify_every
        )

        def live() -> Iterator[Result]:
            with camera:
                yield from results

        return live()

    def watch(
        self,
        frames: Iterable[Frame],
        source: str | None = None,
        *,
        track: bool | FaceTracker = True,
        smooth: float | ReadingSmoother = TIME_CONSTANT_S,
        offline: bool = False,
        detect_every: int = 1,
        classify_every: float = 0.0,
        again: Callable[[], Iterable[Frame]] | None = None,
        journal: FramesOfVideo | None = None,
    ) -> Iterator[Result]:
        """Like ``video``, for frames from anywhere; ``source`` is the name that results get.

        - ``track``: each person gets a ``Face.track_id``, from a new tracker
          (``mien.tracking.tracker.Tracker``) or from one of yours for this stream alone. Readings
          of faces without it are not steadied.
        - ``smooth``: the seconds over which the readings of a person are averaged
          (``mien.tracking.smoothing.Smoother``), 0 for none, or a smoother of yours.
          ``Reading.raw`` keeps the reading of the frame alone.
        - ``offline``: average over what comes later too, which is more accurate
          (``mien.tracking.smoothing.smooth_track``). Results then come when the frames have ended,
          are held in memory until then, and cannot be drawn, unless ``again`` gives the same frames
          a second time.
        - ``detect_every``: search all of every N-th frame, and in those between look only where the
          persons should be (``mien.following``): faster, and who comes is found up to N frames
          later.
        - ``classify_every``: compute the expression of a person once in so many seconds, and at
          once where a new one comes; in between the last reading is carried over
          (``Reading.carried``). 0: in every frame.
        - ``journal``: what an earlier run found in these frames, which is not looked for again; it
          keeps what is found now (``mien.frame_journal``).

        ``Reading.usable`` says whether a face is seen well enough for its reading to count. Unless
        frames are live, a thread classifies faces while the next frames are taken. Times must
        increase. Raises ``ConfigError`` for a negative ``smooth`` or ``classify_every``, for
        ``offline`` without seconds of ``smooth``, for ``detect_every`` below 1, and for it or
        ``classify_every`` without ``track``.
        """
        if detect_every < 1:
            raise ConfigError(f"detect_every must be 1 or more, got {detect_every}")
        if detect_every > 1 and track is False:
            raise ConfigError("detect_every looks for the persons that are followed: set track")
        if classify_every and track is False:
            raise ConfigError("classify_every is for persons that are followed: set track")
        smoother = smoother_of(smooth)
        results = partial(
            results_of, frames, source, self._find_frame, self._reader, tracker=tracker_of(track),
            detector=self.detector, detect_every=detect_every,
            carried=CarriedReadings(classify_every), journal=journal,
        )  # fmt: skip
        if not offline:
            return results(smoother=smoother)
        if not isinstance(smooth, int | float) or not smooth:
            raise ConfigError("offline smoothing takes seconds above 0: give them, or leave it out")
        least = self._reader.min_confidence
        return steadied_offline(results(smoother=None), smooth, least, again)

    def _find_frame(self, image: Image) -> Found:
        found = self._find(image, whole=True)
        check_faces(self.detector.facts.name, found.faces, "a frame")
        return found


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
