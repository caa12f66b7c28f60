"""Names the expressions of faces that are found, those of several pictures in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
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

        ``note`` gets each batch when it is classified. Where ``pictures`` or the classifier raises,
        the results of the pictures before come first.
        """
        waiting: list[Detected] = []
        faces = pixels = 0
        try:
            for picture in pictures:
                if picture.answers is not None:
                    yield self._result(picture, picture.answers, 0.0), picture.found.image
                    continue
                waiting.append(picture)
                faces += len(picture.found.faces)
                pixels += picture.found.image.size // 3
                full = faces >= BATCH_FACES or pixels >= BATCH_PIXELS
                if full or picture.live or len(waiting) >= BATCH_PICTURES:
                    batch, waiting, faces, pixels = waiting, [], 0, 0
                    yield from self.read(batch, note)
        except Exception:  # of the sources, a detector, a classifier: keep what is already done
            yield from self.read(waiting, note)
            raise
        yield from self.read(waiting, note)

    def read(
        self, pictures: list[Detected], note: Note | None = None
    ) -> Iterator[tuple[Result, Image]]:
        """A result for each of ``pictures``, whose faces are classified in one call.

        If that fails, each picture is classified on its own, so that those before the one that
        fails are not lost.
        """
        began = time.perf_counter()
        found = [picture.found for picture in pictures]
        crops = [each.crop(face, self._framing) for each in found for face in each.faces]
        try:
            answered = self._answers(crops)
        except Exception:
            if len(pictures) < 2:
                raise
            for picture in pictures:
                yield from self.read([picture], note)
            return
        if note is not None and pictures:
            note(pictures, answered)
        share = (time.perf_counter() - began) * 1000 / max(len(pictures), 1)
        rest = iter(answered)
        for picture in pictures:
            own = list(islice(rest, len(picture.found.faces)))
            yield self._result(picture, own, share), picture.found.image

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
