"""Checks of drawn figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mien.reports.figures.save import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_whole(figure: Figure, path: Path) -> None:
    """Save ``figure`` as the PNG file ``path`` and check that nothing is cut off."""
    save_figure(figure, path)
    picture = np.array(Image.open(path).convert("L"))
    assert min(picture.shape) > 300
    # The outermost pixels are white on all sides.
    assert all(edge.min() == 255 for edge in (picture[0], picture[-1], *picture.T[[0, -1]]))
