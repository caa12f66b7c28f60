"""Results of a stream → what each frame says of each person."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mien.log.shown import Candidate, Chooser, Region
from mien.log.windows import Sample
from mien.sinks.base import Image
from mien.tracking.mouth import SPEAKING, MouthMotion
from mien.tracking.quality import quality
from mien.types import Reading, Result

SMILING = "happiness"
"""The expression that counts as smiling."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A person in a frame."""

    number: int
    """Which face of the result it is."""
    reading: Reading
    sample: Sample


class Sampler:
    """Follows persons through the frames of one stream."""

    def __init__(self, persons: Mapping[int, Region | None]) -> None:
        """``persons``: number → place in the picture, ``None`` for the largest usable face."""
        self._choosers = {person: Chooser(region) for person, region in persons.items()}
        self._mouths = MouthMotion()

    @property
    def persons(self) -> Iterable[int]:
        """Their numbers."""
        return self._choosers.keys()

    def sample(self, result: Result, image: Image | None, time_s: float) -> dict[int, Shown]:
        """Person → face, of those whom the frame shows. ``image``: (H, W, 3) RGB uint8."""
        faces = [Candidate(r.face.box, bool(r.usable), r.face.track_id) for r in result]
        moves = {} if image is None else (
            self._mouths.update(image, [r.face for r in result], time_s)
        )  # fmt: skip
        found = {}
        for person, chooser in self._choosers.items():
            number = chooser.choose(faces, result.width, result.height)
            if number is not None:
                reading = result[number]
                motion = moves.get(reading.face.track_id or -1)
                found[person] = Shown(number, reading, sample_of(reading, image, motion))
        return found


def sample_of(reading: Reading, image: Image | None, motion: float | None) -> Sample:
    """What a frame says of a face. ``motion``: of the mouth, by ``MouthMotion``."""
    seen = None if image is None else quality(image, reading.face)
    return Sample(
        usable=bool(reading.usable),
        probs=reading.emotions.to_dict(),
        expression=reading.expression,
        smiling=reading.expression == SMILING,
        speaking=None if motion is None else motion >= SPEAKING,
        valence=reading.valence,
        arousal=reading.arousal,
        size=math.sqrt(reading.face.box.area),
        light=None if seen is None else seen.brightness,
        yaw=None if seen is None else seen.yaw,
        roll=None if seen is None else seen.roll,
    )
