"""Any figure into a file, whole or not at all, and what would prevent that told before the work."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from mien.errors import ConfigError
from mien.extras import require_extra
from mien.files import check_writable, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")


def check_target(path: str | Path) -> None:
    """Raise now what ``save_figure`` would raise for ``path`` after the work is done.

    ``MissingExtraError`` without Matplotlib, ``ConfigError`` for a format that is not in
    ``FORMATS``, ``OutputError`` where the folder is not there or may not be written to.
    """
    require_extra("plot", "a figure")
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise ConfigError(f"cannot draw {path}: its name must end in {', '.join(FORMATS)}")
    check_writable(target)


def png(figure: Figure) -> bytes:
    """``figure`` as a PNG file, with nothing cut off."""
    return _drawn(figure, "png")


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write ``figure`` into a PNG, SVG or PDF file, by its suffix.

    Raises what ``check_target`` raises, and ``OutputError`` where the file cannot be written.
    """
    check_target(path)
    target = Path(path)
    write_whole(target, _drawn(figure, target.suffix.lower()[1:]))


def _drawn(figure: Figure, kind: str) -> bytes:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        # Names and paths may hold a $; the only formulas are those of ticks, such as powers of ten.
        if isinstance(text, Text) and "$" in text.get_text() and "mathdef" not in text.get_text():
            text.set_parse_math(False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format=kind, bbox_inches="tight", pad_inches=0.15)
    return drawn.getvalue()
