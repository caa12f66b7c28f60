"""What the people of one video showed over time, in bounded memory however long the video."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from mien.sinks.persons import Lasting, Person
from mien.types import Reading, Result

MOST_BINS = 600
"""Parts of a video for which probabilities are kept: about the pixels of a timeline."""
MOST_PEOPLE, MOST_SEGMENTS, MOST_PICTURES = 30, 200, 12
"""People of a video, and segments and pictures of a person: those that last longest are kept."""
_FINEST_S = 0.04  # of the first bins
_GONE_S = 60.0  # who was not seen for so long does not come back under the same number


@dataclass(slots=True)
class Segment:
    """A stretch of one expression without a break."""

    expression: str
    begin_s: float
    end_s: float
    picture: bytes = b""
    """The face in its first frame, a JPEG file; may be empty."""
    frames: int = 0
    summed: float = 0.0
    """Of the probabilities of the expression in its frames."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end_s - self.begin_s

    @property
    def prob(self) -> float:
        """Mean probability of the expression, in [0, 1]."""
        return self.summed / max(self.frames, 1)


@dataclass(slots=True)
class PersonTimeline(Person):
    """A person's sums, bins and segments."""

    bins: dict[int, list[float]] = field(default_factory=dict)
    """Number of a bin → seconds seen in it, and for each label its probability times seconds."""
    segments: list[Segment] = field(default_factory=list)
    left_out: int = 0
    """Shorter segments that are not kept."""

    def show(
        self, reading: Reading, begin_s: float, end_s: float, new: bool, picture: bytes
    ) -> None:
        """Take a frame for the segments; ``new``: it begins one, of which ``picture`` is kept."""
        if new:
            self._tidy(2)
            self.segments.append(Segment(reading.expression, begin_s, end_s, picture))
        segment = self.segments[-1]
        segment.end_s = end_s
        segment.frames += 1
        segment.summed += reading.prob

    def tidy(self) -> None:
        """Keep the longest segments, and the pictures of the longest of those."""
        self._tidy(1)

    def _tidy(self, slack: int) -> None:
        """``slack``: how many times too many there may be, since tidying takes time."""
        if len(self.segments) > slack * MOST_SEGMENTS:
            kept = sorted(self.segments, key=lambda segment: -segment.seconds)[:MOST_SEGMENTS]
            self.left_out += len(self.segments) - len(kept)
            self.segments = sorted(kept, key=lambda segment: segment.begin_s)
        pictured = [segment for segment in self.segments if segment.picture]
        if len(pictured) > slack * MOST_PICTURES:
            pictured.sort(key=lambda segment: -segment.seconds)
            for segment in pictured[MOST_PICTURES:]:
                segment.picture = b""


class VideoTimeline:
    """Takes the frames of one video; ``end`` counts the last one."""

    def __init__(self, source: str | None) -> None:
        self.source = source
        self.labels: tuple[str, ...] = ()
        self.begin_s = self.end_s = 0.0
        self.bin_s = _FINEST_S
        """Seconds of a bin; the first begins at ``begin_s``."""
        self.frames = 0
        self.people: dict[int, PersonTimeline] = {}
        self.others = 0
        """People that are not kept, seen for a shorter time."""
        self._lasting: Lasting[tuple[Result, Mapping[int, bytes]]] = Lasting()
        self._newest: dict[int, str] = {}  # person → expression in the last frame
        self._counted: dict[int, str] = {}  # the same in the last one whose end is known

    def is_new(self, reading: Reading) -> bool:
        """Whether a reading of the next frame begins a segment."""
        return self._newest.get(reading.face.track_id or 0) != reading.expression

    def add(self, result: Result, pictures: Mapping[int, bytes] | None = None) -> None:
        """Take a frame; ``pictures``: JPEG files of the faces that begin a segment, by person."""
        time_s = result.time_s or 0.0
        if not self.frames:
            self.begin_s = time_s
        self.frames += 1
        self._count(self._lasting.next((result, pictures or {}), time_s))
        self._newest = _shown(result)

    def end(self) -> None:
        """Count the last frame, and keep what the page shows."""
        self._count(self._lasting.last())
        self._prune(MOST_PEOPLE, math.inf)
        for person in self.people.values():
            person.tidy()

    def _count(self, frame: tuple[tuple[Result, Mapping[int, bytes]], float, float] | None) -> None:
        if frame is None:
            return
        (result, pictures), begin_s, seconds = frame
        self.end_s = begin_s + seconds
        self._fit()
        for reading in result:
            number = reading.face.track_id
            if number is None:
                continue
            person = self.people.get(number)
            if person is None:
                self._prune(2 * MOST_PEOPLE, begin_s - _GONE_S)
                person = self.people[number] = PersonTimeline(self.source, number, begin_s)
            before = self._counted.get(number)
            person.see(reading, begin_s, seconds, before is not None)
            new = before != reading.expression
            person.show(reading, begin_s, self.end_s, new, pictures.get(number, b""))
            self._spread(person, reading, begin_s)
        self._counted = _shown(result)

    def _spread(self, person: PersonTimeline, reading: Reading, begin_s: float) -> None:
        """Add a frame's probabilities to the bins that it covers."""
        self.labels = self.labels or reading.emotions.labels
        begin, end = ((time - self.begin_s) / self.bin_s for time in (begin_s, self.end_s))
        for number in range(int(begin), min(math.ceil(end), MOST_BINS)):
            seconds = (min(end, number + 1) - max(begin, number)) * self.bin_s
            sums = person.bins.setdefault(number, [0.0] * (1 + len(self.labels)))
            sums[0] += seconds
            for place, prob in enumerate(reading.emotions.probs, start=1):
                sums[place] += prob * seconds

    def _fit(self) -> None:
        """Make bins twice as wide until they reach to the end."""
        while self.end_s - self.begin_s > MOST_BINS * self.bin_s:
            self.bin_s *= 2
            for person in self.people.values():
                wider: dict[int, list[float]] = {}
                for number, sums in person.bins.items():
                    old = wider.get(number // 2)
                    both = sums if old is None else list(map(float.__add__, old, sums))
                    wider[number // 2] = both
                person.bins = wider

    def _prune(self, most: int, gone_s: float) -> None:
        """Of more than ``most`` people leave out those seen least, if not since ``gone_s``."""
        if len(self.people) <= most:
            return
        ranked = sorted(self.people.values(), key=lambda person: -person.seen_s)
        for person in ranked[MOST_PEOPLE:]:
            if person.last_s < gone_s:
                del self.people[person.track_id]
                self.others += 1


def _shown(result: Result) -> dict[int, str]:
    people = ((reading.face.track_id, reading.expression) for reading in result)
    return {number: expression for number, expression in people if number is not None}
