"""What is followed from day to day, by name: shares of expressions, smiling, expressivity, ….

A measure says how it is charted and how it is put into words. Words say what a face showed, never
what a person felt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.errors import UnknownNameError
from mien.labels import AFFECTNET8

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """One value a person and day."""

    name: str
    sentence: str
    """With ``{value}`` and ``{usual}``, each with its unit."""
    kind: Literal["share", "rate", "plain"] = "share"
    """share: in [0, 1], charted as arcsin √p, which varies about as much at 5 % as at 50 %; rate: 0
    or more, charted as its root, for the same reason; plain: charted as it is."""
    unit: str = ""
    floor: float = 0.02
    """Smallest spread of a baseline, on the charted scale; 0.02 is 1 % at 5 %."""

    def charted(self, values: Floats) -> Floats:
        """Values as charts take them."""
        if self.kind == "share":
            return np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0)))
        return np.sqrt(np.maximum(values, 0.0)) if self.kind == "rate" else values

    def uncharted(self, values: Floats) -> Floats:
        """The reverse of ``charted``."""
        if self.kind == "share":
            return np.sin(np.clip(values, 0.0, math.pi / 2)) ** 2
        return np.maximum(values, 0.0) ** 2 if self.kind == "rate" else values

    def shown(self, value: float) -> str:
        """A value with its unit: ``8 %``, or ``no value`` for NaN."""
        if math.isnan(value):
            return "no value"
        if self.kind == "share":
            percent = 100 * value
            return f"{percent:.1f} %" if 0 < percent < 2 else f"{percent:.0f} %"
        return f"{value:.2g}{self.unit}" if abs(value) < 10 else f"{value:.0f}{self.unit}"

    def says(self, value: float, usual: float) -> str:
        """Such as ``smiled 8 % of the time, usually 15 %``."""
        return self.sentence.format(value=self.shown(value), usual=self.shown(usual))


_SHARES = {
    name: Measure(name, f"{name} was {{value}} of what the face showed, usually {{usual}}")
    for name in sorted(AFFECTNET8)
}
SMILING, EXPRESSIVITY, CHANGES, COVERAGE = "smiling", "expressivity", "changes", "coverage"
MEASURES: dict[str, Measure] = {
    **_SHARES,
    SMILING: Measure(SMILING, "smiled {value} of the time, usually {usual}"),
    EXPRESSIVITY: Measure(
        EXPRESSIVITY, "the expression varied by {value}, usually by {usual}", "rate", floor=0.01
    ),
    CHANGES: Measure(
        CHANGES, "the expression changed {value}, usually {usual}", "rate", " times a minute", 0.1
    ),
    "speaking": Measure("speaking", "the mouth moved as in speaking {value} of the time, usually "
                        "{usual}"),
    "valence": Measure("valence", "mean valence {value}, usually {usual}", "plain"),
    "arousal": Measure("arousal", "mean arousal {value}, usually {usual}", "plain"),
    COVERAGE: Measure(COVERAGE, "was seen {value} of the usual time, usually {usual}"),
}  # fmt: skip
"""The known measures. ``coverage`` is usable time, as a share of that of the same hours usually."""


def measure(name: str) -> Measure:
    """The measure called ``name``. Raises ``UnknownNameError``, with the nearest name."""
    if name not in MEASURES:
        raise UnknownNameError("measure", name, MEASURES)
    return MEASURES[name]
