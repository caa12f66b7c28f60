"""Okabe and Ito's (2008) colours, which colour-blind people can distinguish."""

from __future__ import annotations

COLORS = {
    "anger": "#D55E00",  # vermilion
    "contempt": "#CC79A7",  # reddish purple
    "disgust": "#009E73",  # bluish green
    "fear": "#56B4E9",  # sky blue
    "happiness": "#F0E442",  # yellow
    "neutral": "#DDDDDD",  # instead of their black, which dark pictures would hide
    "sadness": "#0072B2",  # blue
    "surprise": "#E69F00",  # orange
}
"""Expression → ``#RRGGBB``."""


UNCERTAIN = "#999999"
"""Grey, for a face whose expression is ``uncertain``."""


def color_of(label: str) -> str:
    """The ``#RRGGBB`` of an expression. Unknown labels reuse the eight colours of expressions."""
    if label == "uncertain":
        return UNCERTAIN
    return COLORS.get(label) or list(COLORS.values())[sum(label.encode()) % len(COLORS)]
