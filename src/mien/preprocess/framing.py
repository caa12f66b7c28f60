"""How data sets frame faces relative to MTCNN's box: measured once, stored in every model.

The boxes of other detectors are converted first: see ``mien.detectors.base.framing_for``.

At inference, the crop around a detected face must show as much forehead, chin and background as the
training pictures do; otherwise the network sees something it was not trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict


class Framing(TypedDict):
    """From MTCNN's box to the crop; ``mien.specs.classifier.ModelSpec`` defines the values."""

    margin: float
    offset: tuple[float, float]
    align: bool


def framing_of(plain: Mapping[str, Any]) -> Framing:
    """A framing as JSON has it. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for others."""
    x, y = plain["offset"]
    return Framing(margin=plain["margin"], offset=(x, y), align=plain["align"])


FER2013_FRAMING = Framing(margin=-0.035, offset=(0.010, -0.007), align=False)
"""FER2013's 48×48 pictures relative to MTCNN's box: the medians that ``benchmarks/framing.py``
prints. Tilted faces stay tilted in FER2013, so crops are not aligned."""

FRAMINGS = {"fer2013": FER2013_FRAMING, "ferplus": FER2013_FRAMING}
"""Framing by data set; for others ``BOX_FRAMING`` is used."""

BOX_FRAMING = Framing(margin=0.0, offset=(0.0, 0.0), align=False)
"""The longer side of the box itself."""
