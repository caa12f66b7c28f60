"""The data model: what a picture becomes on its way through Mien.

Every class is frozen and holds plain Python values, so results compare, hash, pickle and print.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mien.drawing.annotate import Mark, annotate
from mien.drawing.at_hand import PictureAtHand, preview, whole_picture
from mien.drawing.html import PICTURE_SIDE, Shown, card
from mien.errors import InputError, did_you_mean
from mien.frames import to_frame
from mien.media.images import Image, check_size, read_image

if TYPE_CHECKING:
    import PIL.Image

    from mien.media.images import Source

Point = tuple[float, float]

UNCERTAIN = "uncertain"
"""The expression of a face whose most probable expression is below ``min_confidence``."""

COLUMNS = ("source", "face", "expression", "prob", "score", "x1", "y1", "x2", "y2", "small")
"""The columns of a row before the probabilities, which have the names of the model's labels."""
FRAME_COLUMNS = (
    *(COLUMNS[0], "frame_index", "time_s", "track_id"), *COLUMNS[1:], "usable", "raw_expression",
    "carried",
)  # fmt: skip
"""The same of a frame of a video."""
_OF_RAW = ("expression", "probs", "valence", "arousal")
_RESERVED = frozenset((*FRAME_COLUMNS, "valence", "arousal", "file"))


def probability_columns(labels: Sequence[str]) -> tuple[str, ...]:
    """The column of each label's probability: its name, or ``prob_`` and it if that is taken."""
    taken = {*_RESERVED, *labels}
    names = []
    for label in labels:
        name = label
        while name in _RESERVED or (name != label and name in taken):
            name = f"prob_{name}"
        names.append(name)
    return tuple(names)


def result_columns(
    labels: Sequence[str], *, affect: bool = False, frames: bool = False
) -> tuple[str, ...]:
    """The columns of a row. ``affect``: with valence and arousal; ``frames``: of a video."""
    first = FRAME_COLUMNS if frames else COLUMNS
    return (*first, *probability_columns(labels), *(("valence", "arousal") if affect else ()))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in float pixels of the original image, origin top-left, ``x1 < x2, y1 < y2``."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        """``x2 - x1`` in pixels."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """``y2 - y1`` in pixels."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Square pixels; 0 for an empty box."""
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def center(self) -> Point:
        """``(x, y)`` in pixels."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def iou(self, other: Box) -> float:
        """Intersection over union with ``other``, in [0, 1]."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)

    def to_list(self, digits: int | None = None) -> list[float]:
        """``[x1, y1, x2, y2]``, rounded to ``digits`` decimals if given."""
        values = [self.x1, self.y1, self.x2, self.y2]
        return values if digits is None else [round(v, digits) for v in values]


@dataclass(frozen=True, slots=True)
class Face:
    """One detected face.

    ``score`` is the detector's confidence in [0, 1]. ``landmarks`` are five ``(x, y)`` pixels in
    the order image-left eye, image-right eye, nose, image-left mouth corner, image-right mouth
    corner, or ``None`` if the detector gives none. ``track_id`` identifies the person in a video.
    ``quarter_turns``, 0 to 3, is how often the picture must be turned by 90° anticlockwise for the
    face to be upright; "left" and "right" are then as in the upright picture. ``cropped`` says that
    the box is a face crop already, which is classified as it is.
    """

    box: Box
    score: float = 1.0
    landmarks: tuple[Point, ...] | None = None
    track_id: int | None = None

    def mapped(self, x: float, y: float, left: float = 0.0, top: float = 0.0) -> Face:
        """The face in a picture whose scale is ``x`` and ``y`` times this one's, then moved."""
        box, points = self.box, self.landmarks
        return replace(
            self,
            box=Box(box.x1 * x + left, box.y1 * y + top, box.x2 * x + left, box.y2 * y + top),
            landmarks=points and tuple((px * x + left, py * y + top) for px, py in points),
        )

    quarter_turns: int = 0
    cropped: bool = False

    def __post_init__(self) -> None:
        if self.landmarks is not None and len(self.landmarks) != 5:
            raise InputError(f"landmarks must be five (x, y) points, got {len(self.landmarks)}")


@dataclass(frozen=True, slots=True)
class EmotionScores:
    """Probabilities over expressions: ``probs[i]`` belongs to ``labels[i]``, and they sum to 1.

    ``scores["happiness"]`` is the probability of one expression, in any spelling that
    ``mien.labels.canonical`` accepts; an expression without a label raises ``InputError``.
    """

    labels: tuple[str, ...]
    probs: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.probs) or not self.labels:
            raise InputError(f"{len(self.labels)} labels for {len(self.probs)} probabilities")
        if not math.isclose(math.fsum(self.probs), 1.0, abs_tol=1e-3):
            raise InputError(f"probabilities must sum to 1, got {math.fsum(self.probs):.4f}")

    @property
    def top(self) -> str:
        """The most probable label."""
        return self.ranked()[0][0]

    @property
    def top_prob(self) -> float:
        """The probability of ``top``, in [0, 1]."""
        return max(self.probs)

    def __getitem__(self, label: str) -> float:
        from mien.labels import canonical

        name = label
        if label not in self.labels:
            with suppress(InputError):  # not an expression, but a model may have other labels
                name = canonical(label)
        if name not in self.labels:
            known = did_you_mean(label, self.labels, "labels")
            raise InputError(f"this model has no label {name!r}: {known}")
        return self.probs[self.labels.index(name)]

    def ranked(self) -> list[tuple[str, float]]:
        """``(label, probability)`` pairs, most probable first; ties keep the model's order."""
        return sorted(zip(self.labels, self.probs, strict=True), key=lambda pair: -pair[1])

    def to_dict(self) -> dict[str, float]:
        """``{label: probability}`` in the model's label order."""
        return dict(zip(self.labels, self.probs, strict=True))

    def __repr__(self) -> str:
        shown = ", ".join(f"{label} {prob:.0%}" for label, prob in self.ranked()[:3])
        return f"EmotionScores({shown}{', …' if len(self.labels) > 3 else ''})"


@dataclass(frozen=True, slots=True)
class Reading:
    """One face and its expression. ``valence`` and ``arousal`` are in [-1, 1], or ``None``."""

    face: Face
    emotions: EmotionScores
    valence: float | None = None
    arousal: float | None = None
    small: bool = False
    """Whether the face has fewer pixels than the network's input, so that it was enlarged."""
    uncertain: bool = False
    """Whether the most probable expression is below the ``min_confidence`` that was asked for."""
    held: str | None = None
    """In a video whose readings are smoothed: the label that is held until another one is clearly
    more probable."""
    raw: Reading | None = None
    """In such a video: the reading of this frame alone."""
    usable: bool | None = None
    """In a video: whether the face is large, sharp, lit and frontal enough for its reading to count
    (``mien.tracking.quality``)."""
    carried: bool = False
    """In a video with ``classify_every``: whether the answers are those of an earlier frame."""

    @property
    def expression(self) -> str:
        """The most probable expression, or the one that is held over time, or ``"uncertain"``.

        ``emotions.top`` is always a label.
        """
        return UNCERTAIN if self.uncertain else self.held or self.emotions.top

    @property
    def prob(self) -> float:
        """The probability of ``expression``, in [0, 1]; where uncertain, the highest of all."""
        if self.uncertain or self.held is None:
            return self.emotions.top_prob
        return self.emotions[self.held]

    def affect(self) -> dict[str, float]:
        """``valence`` and ``arousal`` (five decimals), each if known."""
        values = (("valence", self.valence), ("arousal", self.arousal))
        return {name: round(value, 5) for name, value in values if value is not None}

    def _affect_texts(self) -> list[str]:
        return [f"{name} {value:+.2f}" for name, value in self.affect().items()]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: ``box`` and ``landmarks`` in pixels (two decimals), probabilities (five)."""
        landmarks = self.face.landmarks
        out: dict[str, Any] = {
            "box": self.face.box.to_list(2),
            "score": round(self.face.score, 5),
            "landmarks": landmarks and [[round(x, 2), round(y, 2)] for x, y in landmarks],
            "expression": self.expression,
            "small": self.small,
            "probs": {label: round(p, 5) for label, p in self.emotions.to_dict().items()},
        }
        if self.raw is not None:
            raw = self.raw.to_dict()
            out["raw"] = {name: raw[name] for name in _OF_RAW if name in raw}
        if self.usable is not None:
            out["usable"] = self.usable
        if self.carried:
            out["carried"] = True
        if self.face.quarter_turns:
            out["quarter_turns"] = self.face.quarter_turns
        if self.face.track_id is not None:
            out["track_id"] = self.face.track_id
        return out | self.affect()

    def __repr__(self) -> str:
        x1, y1, x2, y2 = self.face.box.to_list(0)
        box = f"[{x1:.0f}, {y1:.0f}, {x2:.0f}, {y2:.0f}]"
        return f"Reading({self.expression} {self.prob:.0%} at {box})"


@dataclass(frozen=True, slots=True)
class Result(PictureAtHand):
    """All readings of one image.

    ``len(result)`` is the number of faces, and ``result[0]`` the leftmost one. ``bool(result)`` is
    true even without faces, although ``len(result)`` is 0 then.

    ``width`` and ``height`` are pixels of the original image, ``elapsed_ms`` the wall time spent on
    it (a picture of a batch gets an equal share of the batch's time).

    A notebook shows a result with its picture, as long as that is at hand: in the file ``source``,
    or in an array or PIL image that somebody still holds. A result itself holds no picture.
    """

    readings: tuple[Reading, ...]
    """From left to right: by ``x1`` of the face's box, then ``y1``. A reading's index is the number
    of its face wherever faces are numbered: in tables, JSON, CSV and drawings."""
    width: int
    height: int
    source: str | None = None
    frame_index: int | None = None
    time_s: float | None = None
    detector: str = ""
    model: str = ""
    elapsed_ms: float = 0.0
    columns: tuple[str, ...] = COLUMNS
    """The columns of ``rows()``, also of a picture without a face."""

    def __iter__(self) -> Iterator[Reading]:
        return iter(self.readings)

    def __len__(self) -> int:
        return len(self.readings)

    def __bool__(self) -> bool:
        # A result without faces is still a result: `if result:` must not drop it.
        return True

    def __getitem__(self, index: int) -> Reading:
        return self.readings[index]

    def to_dict(self) -> dict[str, Any]:
        """``{"source", "width", "height", "faces": [...]}``, JSON-ready, one object per picture."""
        out: dict[str, Any] = {"source": self.source, "width": self.width, "height": self.height}
        if self.frame_index is not None:
            out["frame_index"] = self.frame_index
        if self.time_s is not None:
            out["time_s"] = round(self.time_s, 4)
        out["faces"] = [{"face": i, **r.to_dict()} for i, r in enumerate(self.readings)]
        return out

    def rows(self, *, keep_empty: bool = False) -> list[dict[str, Any]]:
        """One flat dict per face, for tables and CSV; empty without faces.

        Probabilities are under the labels; a label such as ``source`` or ``x1``, which is the name
        of another column, is ``prob_source``. ``valence`` and ``arousal`` are there if the model
        estimates them.
        Those of a frame of a video have ``frame_index``, ``time_s`` in seconds and ``track_id``
        after the source, and before the probabilities ``usable``, ``raw_expression``, that of the
        frame alone, and ``carried``, whether both are those of an earlier frame.
        ``keep_empty``: a picture without a face gives one row, ``empty_row()``, so that a table
        names every picture.
        """
        rows, in_video = [], self.frame_index is not None
        for index, reading in enumerate(self.readings):
            names = probability_columns(reading.emotions.labels)
            x1, y1, x2, y2 = reading.face.box.to_list(2)
            rows.append(
                {
                    **self._place(),
                    **({"track_id": reading.face.track_id} if in_video else {}),
                    "face": index,
                    "expression": reading.expression,
                    "prob": round(reading.prob, 5),
                    "score": round(reading.face.score, 5),
                    **{"x1": x1, "y1": y1, "x2": x2, "y2": y2},
                    "small": reading.small,
                    **(_beside(reading) if in_video else {}),
                    **{k: round(p, 5) for k, p in zip(names, reading.emotions.probs, strict=True)},
                    **reading.affect(),
                }
            )
        if keep_empty and not rows:
            rows.append(self.empty_row())
        return rows

    def empty_row(self, columns: Sequence[str] = ()) -> dict[str, Any]:
        """The row without a face: source, frame and time, and ``None`` in every other column.

        ``columns``: instead of the result's own.
        """
        return {**dict.fromkeys(columns or self.columns), **self._place()}

    def _place(self) -> dict[str, Any]:
        """Where the picture is from, as a row has it."""
        if self.frame_index is None:
            return {"source": self.source}
        time_s = None if self.time_s is None else round(self.time_s, 4)
        return {"source": self.source, "frame_index": self.frame_index, "time_s": time_s}

    def to_frame(self, library: str | None = None) -> Any:
        """``rows(keep_empty=True)`` as a data frame of pandas or Polars, whichever is installed.

        ``library``: ``"pandas"`` or ``"polars"``; by default pandas comes first. Raises
        ``MissingPackageError`` with the pip command, ``ConfigError`` for another library.
        """
        return to_frame(self.rows(keep_empty=True), self.columns, library)

    def draw(self, image: Source | None = None, *, min_side: int = 320) -> PIL.Image.Image:
        """A copy of the picture with every face's box, number and expression, as a PIL image.

        Where the model estimates valence (V) and arousal (A), labels with room show them too.
        A notebook shows it, ``.save("drawn.jpg")`` writes it, and ``numpy.asarray`` gives (H, W, 3)
        RGB uint8. ``image`` is the analysed picture (an array is RGB); without it, the picture at
        hand is used. A picture with faces and a longer side below ``min_side`` pixels is enlarged
        by a whole factor, so that labels can be read.

        Raises ``InputError`` where the picture is not at hand, or ``image`` has another size, and
        ``ImageReadError``.
        """
        import PIL.Image

        found = self._picture_at_hand() if image is None else read_image(image)
        if found is None:
            raise InputError("the picture of this result is not at hand: give it, draw(image)")
        check_size(found, self.width, self.height)
        return PIL.Image.fromarray(annotate(found, self.marks(), min_side=min_side))

    def marks(self) -> list[Mark]:
        """What is drawn of each face; in a video its number is the person's, if there is one."""
        in_video = self.frame_index is not None
        return [
            Mark(
                r.face.track_id if in_video else number,
                (r.face.box.x1, r.face.box.y1, r.face.box.x2, r.face.box.y2),
                r.expression,
                r.prob,
                tuple(r.emotions.to_dict().items()),
                ", ".join(filter(None, ("small" if r.small else "", *r._affect_texts()))),
                " ".join(f"{name[0].upper()} {value:+.2f}" for name, value in r.affect().items()),
            )
            for number, r in enumerate(self.readings)
        ]

    def shown(self, side: int) -> Shown:
        """What an HTML page shows; its picture has at most ``side`` pixels a side."""
        image = preview(self.remembered(), self._file(), (self.width, self.height), side)
        return Shown(
            self.source, self.width, self.height, self.marks(), image, self.detector, self.model
        )

    def _repr_html_(self) -> str:
        return card(self.shown(PICTURE_SIDE))

    def _picture_at_hand(self) -> Image | None:
        return whole_picture(self.remembered(), self._file(), (self.width, self.height))

    def _file(self) -> str | None:
        """The picture's file; a frame's source is a video."""
        return self.source if self.frame_index is None else None

    def __repr__(self) -> str:
        faces = f"{len(self)} face{'' if len(self) == 1 else 's'}"
        shown = ", ".join(f"{r.expression} {r.prob:.0%}" for r in self.readings[:6])
        more = ", …" if len(self) > 6 else ""
        name = f"{self.source!r}, " if self.source else ""
        summary = f"{faces}: {shown}{more}" if shown else faces
        return f"Result({name}{self.width}×{self.height}, {summary})"


def _beside(reading: Reading) -> dict[str, Any]:
    """What a row of a video has of a reading beside its values over time."""
    return {
        "usable": reading.usable,
        "raw_expression": (reading.raw or reading).expression,
        "carried": reading.carried,
    }
