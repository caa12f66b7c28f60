"""How a data set frames its faces, against a detector's box: measured once, stored in every model.

A network sees at inference what it saw in training only if the crop around a detected face shows
as much forehead, chin and background as the training pictures do.
"""

from __future__ import annotations

from typing import TypedDict


class Framing(TypedDict):
    """From detector box to crop; ``mien.specs.classifier.ModelSpec`` says what each value means."""

    margin: float
    offset: tuple[float, float]
    align: bool


FER2013_FRAMING = Framing(margin=-0.035, offset=(0.010, -0.007), align=False)
"""FER2013's 48×48 pictures against MTCNN's box: the medians that ``benchmarks/framing.py`` prints.
Faces there are as tilted as they were in the wild, so they are not turned upright here."""

FRAMINGS = {"fer2013": FER2013_FRAMING, "ferplus": FER2013_FRAMING}
"""Framing by data set; one that is not here is taken to be framed as the detector's box."""

BOX_FRAMING = Framing(margin=0.0, offset=(0.0, 0.0), align=False)
"""The longer side of the box itself."""
