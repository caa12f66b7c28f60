"""HTML of results for notebooks: a card for one picture, a contact sheet for many.

Only inline styles, which every notebook keeps, and no colours of text or ground, so that it reads
in light and dark themes. Names and labels come from files and are escaped.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from typing import NamedTuple

from mien.drawing.annotate import Mark, annotate
from mien.drawing.colors import color_of
from mien.escaping import for_terminal
from mien.media.decoder import Image

PICTURE_SIDE, THUMBNAIL_SIDE = 420, 200
"""Longest side in pixels of the picture in a card, and of one in a sheet."""
MOST_PICTURES = 20
"""Pictures that a sheet shows."""
_MOST_FACES, _MOST_CHIPS, _MOST_BARS, _MOST_BOXES = 6, 40, 12, 50
_FONT = "font:13px/1.4 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
_FAINT = "opacity:.7"
_TRACK = "background:rgba(128,128,128,.18)"
_EDGE = "box-shadow:inset 0 0 0 1px rgba(0,0,0,.22)"  # pale colours on a white ground


class Shown(NamedTuple):
    """What is shown of one result."""

    source: str | None
    width: int
    height: int
    marks: Sequence[Mark]
    """In pixels of the whole picture, ``width`` × ``height``."""
    image: Image | None
    """The picture, shrunk; ``None`` where it is not at hand."""
    detector: str = ""
    model: str = ""


def card(shown: Shown) -> str:
    """One picture with its boxes, and for each face the bars of its probabilities."""
    faces = "".join(map(_face, shown.marks[:_MOST_FACES]))
    rest = shown.marks[_MOST_FACES:]
    if rest:
        more = f" … and {len(rest) - _MOST_CHIPS:,} more" if len(rest) > _MOST_CHIPS else ""
        chips = " ".join(map(_chip, rest[:_MOST_CHIPS]))
        faces += f'<div style="flex-basis:100%;line-height:2">{chips}{more}</div>'
    if not shown.marks:
        faces = f'<div style="{_FAINT}">no face found</div>'
    columns = f'<div style="display:flex;flex-wrap:wrap;gap:14px 28px;flex:1 1 224px">{faces}</div>'
    return (
        f'<div style="{_FONT};display:flex;flex-wrap:wrap;gap:12px 24px;align-items:flex-start;'
        f'max-width:1000px;padding:4px 0">{_picture(shown)}{columns}</div>'
    )


def sheet(shown: Iterable[Shown], pictures: int, faces: Counter[str], empty: int) -> str:
    """A contact sheet under a line of counts.

    ``shown``: at most ``MOST_PICTURES``. ``pictures``: how many there are in all, ``faces``: how
    often each expression was found, ``empty``: pictures without a face.
    """
    facts = [_count(pictures, "picture"), _count(faces.total(), "face")]
    if empty:
        facts.append(f"{empty:,} without a face")
    counts = "".join(
        f'<span style="white-space:nowrap">{_swatch(label)}{_text(label)} {count:,}</span>'
        for label, count in faces.most_common()
    )
    tiles = list(map(_tile, shown))
    if pictures > len(tiles):
        tiles.append(
            f'<div style="align-self:center;{_FAINT}">… {pictures - len(tiles):,} more</div>'
        )
    return (
        f'<div style="{_FONT};max-width:1000px;padding:4px 0">'
        f'<div style="display:flex;flex-wrap:wrap;gap:4px 16px"><b>{" · ".join(facts)}</b>{counts}'
        f'</div><div style="display:flex;flex-wrap:wrap;gap:12px;margin-top:10px">{"".join(tiles)}'
        "</div></div>"
    )


def _picture(shown: Shown) -> str:
    names = [shown.source and _text(_short(shown.source)), f"{shown.width}×{shown.height}"]
    models = " + ".join(filter(None, (shown.detector, shown.model)))
    caption = " · ".join(filter(None, (*names, models and _text(models))))
    if shown.image is None:
        width = min(PICTURE_SIDE, PICTURE_SIDE * shown.width // max(shown.height, 1), 320)
        body = _frame(shown, width, "the picture is not at hand")
    else:
        scale = shown.image.shape[1] / shown.width
        drawn = annotate(shown.image, [mark.scaled(scale) for mark in shown.marks])
        width = drawn.shape[1]
        body = (
            f'<img src="{_data(drawn, 85)}" alt="{_alt(shown)}" style="display:block;margin:0;'
            f'max-width:100%;height:auto;border-radius:4px">'
        )
    title = f' title="{_text(shown.source)}"' if shown.source else ""
    return (
        f'<div style="flex:0 1 auto;width:{max(width, 140)}px;max-width:100%"{title}>{body}'
        f'<div style="font-size:12px;margin-top:4px;overflow-wrap:anywhere;{_FAINT}">{caption}'
        "</div></div>"
    )


def _face(mark: Mark) -> str:
    """The heading of a face and its bars, in the model's order."""
    bars = mark.probs
    if len(bars) > _MOST_BARS:
        bars = tuple(sorted(bars, key=lambda pair: -pair[1])[:_MOST_BARS])
    lines = "".join(
        f'<span style="text-align:right;overflow:hidden;text-overflow:ellipsis">{_text(label)}'
        "</span>"
        f'<span style="{_TRACK};border-radius:3px;height:10px;overflow:hidden">'
        f'<span style="display:block;height:10px;width:{prob * 100:.1f}%;border-radius:3px;'
        f'background:{color_of(label)};{_EDGE}"></span></span>'
        f'<span style="text-align:right;font-variant-numeric:tabular-nums">{_percent(prob)}</span>'
        for label, prob in bars
    )
    note = f' <span style="{_FAINT}">· {_text(mark.note)}</span>' if mark.note else ""
    return (
        f'<div style="width:224px"><div style="margin-bottom:5px">{_chip(mark)}{note}</div>'
        '<div style="display:grid;grid-template-columns:64px 1fr 34px;gap:2px 8px;'
        f'align-items:center;font-size:12px">{lines}</div></div>'
    )


def _chip(mark: Mark) -> str:
    """Number, colour, expression and probability, as in the picture's label."""
    number = ""
    if mark.number is not None:
        number = (
            '<span style="background:#101010;color:#fff;'
            f'border-radius:3px;padding:1px 6px;margin-right:6px;{_rim()}">{mark.number}</span>'
        )
    return (
        f'<span style="white-space:nowrap">{number}'
        f"{_swatch(mark.expression)}<b>{_text(mark.expression)}</b> {_percent(mark.prob)}</span>"
    )


def _tile(shown: Shown) -> str:
    side = 150
    scale = side / max(shown.width, shown.height, 1)
    width, height = max(1, round(shown.width * scale)), max(1, round(shown.height * scale))
    faces = ", ".join(_text(mark.expression) for mark in shown.marks[:3]) or "no face"
    if len(shown.marks) > 3:
        faces += f" + {len(shown.marks) - 3:,}"
    name = _text(_short(shown.source or "").replace("\\", "/").rpartition("/")[2])
    line = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
    return (
        f'<div style="width:{side}px;font-size:12px" title="{_text(shown.source or "")}">'
        f'<div style="height:{side}px;display:flex;align-items:flex-end">'
        f"{_frame(shown, width, '', height)}</div>"
        f'<div style="{line};margin-top:3px">{faces}</div>'
        f'<div style="{line};{_FAINT}">{name}</div></div>'
    )


def _frame(shown: Shown, width: int, text: str, height: int | None = None) -> str:
    """The picture, or an empty rectangle of its shape, under coloured boxes."""
    if height is None:
        height = max(1, round(width * shown.height / max(shown.width, 1)))
    boxes = "".join(_box(mark, shown) for mark in shown.marks[:_MOST_BOXES])
    ground = f"{_TRACK};{_rim()}"
    inside = f'<div style="padding:6px 8px;font-size:12px;{_FAINT}">{text}</div>' if text else ""
    if shown.image is not None:
        inside = (
            f'<img src="{_data(shown.image, 80)}" alt="{_alt(shown)}" '
            f'style="display:block;margin:0;width:{width}px;height:{height}px;max-width:none">'
        )
    return (
        f'<div style="position:relative;width:{width}px;height:{height}px;overflow:hidden;'
        f'border-radius:4px;{ground}">{inside}{boxes}</div>'
    )


def _box(mark: Mark, shown: Shown) -> str:
    x1, y1, x2, y2 = mark.box
    left, top = 100 * x1 / max(shown.width, 1), 100 * y1 / max(shown.height, 1)
    width, height = 100 * (x2 - x1) / max(shown.width, 1), 100 * (y2 - y1) / max(shown.height, 1)
    return (
        f'<div style="position:absolute;left:{left:.2f}%;top:{top:.2f}%;width:{width:.2f}%;'
        f"height:{height:.2f}%;box-sizing:border-box;border:2px solid {color_of(mark.expression)};"
        'box-shadow:0 0 0 1px #101010"></div>'
    )


def _swatch(label: str) -> str:
    return (
        f'<span style="display:inline-block;width:10px;height:10px;border-radius:2px;'
        f'margin-right:5px;background:{color_of(label)};{_EDGE}"></span>'
    )


def _rim() -> str:
    return "box-shadow:0 0 0 1px rgba(128,128,128,.45)"


def _percent(prob: float) -> str:
    return f"{prob:.0%}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _alt(shown: Shown) -> str:
    faces = ", ".join(mark.expression for mark in shown.marks[:_MOST_FACES]) or "no face"
    return _text(f"{_short(shown.source or 'picture')}: {faces}")


def _text(text: object) -> str:
    return escape(for_terminal(text), quote=True)


def _short(name: str, most: int = 60) -> str:
    """A long name without its beginning, which the names of a folder have in common."""
    return name if len(name) <= most else f"…{name[1 - most :]}"


def _data(image: Image, quality: int) -> str:
    import PIL.Image

    buffer = BytesIO()
    PIL.Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
