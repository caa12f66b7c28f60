"""Names the expressions of faces that are found, those of several pictures in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.base import Classifier, answers
from mien.face_search import Found
from mien.specs.classifier import ModelSpec
from mien.types import EmotionScores, Face, Reading, Result, result_columns

Image = NDArray[np.uint8]

BATCH_FACES, BATCH_PIXELS, BATCH_PICTURES = 64, 16_000_000, 16
"""A batch is classified when it reaches one of these: enough faces for one call of the network, too
many pixels to hold in memory, or enough pictures that wait for a result."""


class Answer(NamedTuple):
    """What the classifier says of a face."""

    probs: tuple[float, ...]
    """In the order of the model's labels."""
    valence: float | None
    arousal: float | None
    small: bool
    """See ``Reading.small``."""


@dataclass(slots=True)
class Detected:
    """A picture whose faces are detected and not yet classified."""

    found: Found
    origin: Any
    """What a result remembers: the caller's array or PIL image, else the whole picture."""
    source: str | None
    elapsed_ms: float
    frame_index: int | None = None
    time_s: float | None = None
    live: bool = False
    """Whether it must not wait for later pictures."""
    answers: Sequence[Answer] | None = None
    """For its faces, where they are known already. All pictures after one without are without."""


Note: TypeAlias = Callable[[Sequence[Detected], Sequence[Answer]], None]
"""Takes the pictures that were classified in one call, and the answers for all their faces."""


class FaceReader:
    """Classifies faces. ``framing`` is the classifier's spec with the framing of the crops."""

    def __init__(
        self, detector: str, classifier: Classifier, framing: ModelSpec, min_confidence: float
    ) -> None:
        """``detector``: the name that results get. ``min_confidence``: as of ``Recognizer``."""
        self._detector, self._classifier, self._framing = detector, classifier, framing
        self.min_confidence = min_confidence

    def columns(self, *, frames: bool = False) -> tuple[str, ...]:
        """Those of a row: see ``Result.columns``."""
        spec = self._classifier.spec
        return result_columns(spec.labels, affect=bool(spec.affect), frames=frames)

    def batched(
        self, pictures: Iterable[Detected], note: Note | None = None
    ) -> Iterator[tuple[Result, Image]]:
        """A result for each picture, in order, and its picture.

        Frames of a video are classified by a thread, while the next ones come. ``note`` gets each
        batch when it is classified. Where ``pictures`` or the classifier raises, the results of the
        pictures before come first.
        """
        with ThreadPoolExecutor(1, "classifier") as worker:
            begun = (self._begin(batch, worker) for batch in batches(pictures))
            for batch in _one_late(begun):
                yield from self._results(batch, note)

    def read(
        self, pictures: list[Detected], note: Note | None = None
    ) -> Iterator[tuple[Result, Image]]:
        """A result for each of ``pictures``, whose faces are classified in one call.

        If that fails, each picture is classified on its own, so that those before the one that
        fails are not lost.
        """
        return self._results(_Batch(pictures, partial(self._classify, pictures)), note)

    def _begin(self, pictures: list[Detected], worker: ThreadPoolExecutor) -> _Batch:
        first = pictures[0]
        if first.frame_index is None or first.live or first.answers is not None:
            return _Batch(pictures, partial(self._classify, pictures))
        return _Batch(pictures, worker.submit(self._classify, pictures).result, is_waiting=True)

    def _results(self, batch: _Batch, note: Note | None) -> Iterator[tuple[Result, Image]]:
        pictures = batch.pictures
        try:
            answered, taken_ms = batch.classified()
        except Exception:
            if len(pictures) < 2:
                raise
            for picture in pictures:
                yield from self.read([picture], note)
            return
        if note is not None and pictures[0].answers is None:
            note(pictures, answered)
        rest = iter(answered)
        for picture in pictures:
            own = list(islice(rest, len(picture.found.faces)))
            yield self._result(picture, own, taken_ms / len(pictures)), picture.found.image

    def _result(self, picture: Detected, answered: Sequence[Answer], elapsed_ms: float) -> Result:
        pairs = zip(picture.found.faces, answered, strict=True)
        result = Result(
            tuple(self._reading(face, answer) for face, answer in pairs),
            width=picture.found.width,
            height=picture.found.height,
            source=picture.source,
            frame_index=picture.frame_index,
            time_s=picture.time_s,
            detector=self._detector,
            model=self._classifier.spec.name,
            elapsed_ms=picture.elapsed_ms + elapsed_ms,
            columns=self.columns(frames=picture.frame_index is not None),
        )
        if picture.origin is not None:
            result.remember(picture.origin)
        return result

    def _reading(self, face: Face, answer: Answer) -> Reading:
        return Reading(
            face,
            EmotionScores(self._classifier.spec.labels, answer.probs),
            answer.valence,
            answer.arousal,
            small=answer.small,
            uncertain=max(answer.probs) < self.min_confidence,
        )

    def _classify(self, pictures: list[Detected]) -> tuple[Sequence[Answer], float]:
        """The answers for all faces of ``pictures``, and the milliseconds that they took."""
        began = time.perf_counter()
        if pictures[0].answers is not None:
            return pictures[0].answers, 0.0
        crops = [
            picture.found.crop(face, self._framing)
            for picture in pictures
            for face in picture.found.faces
        ]
        return self._answers(crops), (time.perf_counter() - began) * 1000

    def _answers(self, crops: list[Image]) -> list[Answer]:
        """An answer for each crop, (S, S, 3)."""
        if not crops:
            return []
        size = self._classifier.spec.input_size
        probs, affect = answers(self._classifier, crops)
        pairs = [(None, None)] * len(crops) if affect is None else affect.tolist()
        return [
            Answer(tuple(p.tolist()), valence, arousal, small=crop.shape[0] < size)
            for crop, p, (valence, arousal) in zip(crops, probs, pairs, strict=True)
        ]


class _Batch(NamedTuple):
    """Pictures whose faces are classified in one call."""

    pictures: list[Detected]
    classified: Callable[[], tuple[Sequence[Answer], float]]
    """What ``FaceReader._classify`` returns."""
    is_waiting: bool = False
    """Whether it is classified by a thread, so that there is time to do something else."""


def batches(pictures: Iterable[Detected]) -> Iterator[list[Detected]]:
    """``pictures`` in batches; those that are known, or must not wait, at once."""
    waiting: list[Detected] = []
    faces = pixels = 0
    try:
        for picture in pictures:
            if picture.answers is not None:
                yield [picture]
                continue
            waiting.append(picture)
            faces += len(picture.found.faces)
            pixels += picture.found.image.size // 3
            full = faces >= BATCH_FACES or pixels >= BATCH_PIXELS
            if full or picture.live or len(waiting) >= BATCH_PICTURES:
                batch, waiting, faces, pixels = waiting, [], 0, 0
                yield batch
    except Exception:  # of the sources or a detector: keep what is already done
        if waiting:
            yield waiting
        raise
    if waiting:
        yield waiting


def _one_late(begun: Iterable[_Batch]) -> Iterator[_Batch]:
    """Each batch that waits when the next one has begun; others at once."""
    before: list[_Batch] = []
    try:
        for batch in begun:
            yield from before
            before = [batch] if batch.is_waiting else []
            if not batch.is_waiting:
                yield batch
    except Exception:
        yield from before
        raise
    yield from before
