"""Writes a figure to a file, whole or not at all, and checks the path before the work."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mien.errors import ConfigError
from mien.escaping import for_terminal
from mien.extras import require_extra
from mien.files import check_writable, write_whole
from mien.overwriting import MARK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TICK = re.compile(r"\$(\\times)?\\mathdefault\{-?[0-9.^{}\-]+\}(\\mathdefault\{\})?\$")
"""Matplotlib's own formulas, such as powers of ten at an axis."""

FORMATS = (".png", ".svg", ".pdf")
BEYOND = 0x2E7F
"""The last character before those of East Asia, which Matplotlib's own font lacks."""
WIDE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "PingFang SC",
    "Hiragino Sans", "Apple SD Gothic Neo", "Arial Unicode MS", "Droid Sans Fallback",
)  # fmt: skip
"""Fonts of Linux, Windows and macOS with them."""


def check_figure_path(path: str | Path) -> None:
    """Raise now what ``save_figure`` would raise for ``path`` after the work.

    ``MissingExtraError`` without Matplotlib, ``ConfigError`` for a format that is not in
    ``FORMATS``, ``OutputError`` if the folder is missing or not writable.
    """
    require_extra("plot", "a figure")
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise ConfigError(f"cannot draw {path}: its name must end in {', '.join(FORMATS)}")
    check_writable(target)


@cache
def _families() -> list[str]:
    """Matplotlib's own font, then the installed ones of ``WIDE_FONTS``."""
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in WIDE_FONTS if name in installed)]


def png(figure: Figure) -> bytes:
    """``figure`` as a PNG file, with nothing cut off."""
    return _render(figure, "png")


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write ``figure`` to a PNG, SVG or PDF file, by its suffix.

    Raises what ``check_figure_path`` raises, and ``OutputError`` if writing fails.
    """
    check_figure_path(path)
    target = Path(path)
    write_whole(target, _render(figure, target.suffix.lower()[1:]))


def _render(figure: Figure, suffix: str) -> bytes:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        words = text.get_text()
        if any(ord(letter) > BEYOND for letter in words):
            text.set_fontfamily(_families())
        if "$" in words and not _TICK.fullmatch(words):
            text.set_parse_math(False)  # names and paths may hold a $
        if not words.isprintable():
            text.set_text("\n".join(map(for_terminal, words.split("\n"))))
    content = io.BytesIO()
    mark = {"Comment": MARK.decode()} if suffix == "png" else None
    figure.savefig(content, format=suffix, bbox_inches="tight", pad_inches=0.15, metadata=mark)
    return content.getvalue()
