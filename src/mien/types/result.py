"""All readings of one picture or frame, as JSON, rows, a data frame and a drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mien.drawing.annotate import Mark, annotate
from mien.drawing.at_hand import PictureAtHand, preview, whole_picture
from mien.drawing.html import PICTURE_SIDE, Shown, card
from mien.errors import InputError
from mien.frames import to_frame
from mien.media.images import Image, check_size, read_image
from mien.types.readings import Reading
from mien.types.rows import COLUMNS, place_of, rows_of

if TYPE_CHECKING:
    import PIL.Image

    from mien.media.images import Source


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
        rows = rows_of(self.to_dict())
        if keep_empty and not rows:
            rows.append(self.empty_row())
        return rows

    def empty_row(self, columns: Sequence[str] = ()) -> dict[str, Any]:
        """The row without a face: source, frame and time, and ``None`` in every other column.

        ``columns``: instead of the result's own.
        """
        return {**dict.fromkeys(columns or self.columns), **place_of(self.to_dict())}

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
