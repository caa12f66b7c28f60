"""Where a face is in a picture: boxes and landmarks, in pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mien.errors import InputError

Point = tuple[float, float]


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
