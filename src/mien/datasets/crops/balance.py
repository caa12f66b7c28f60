"""Whether some classes have too few pictures, or far fewer than others."""

from __future__ import annotations

from collections.abc import Mapping

FEW = 20
"""Pictures; a class with fewer is hardly learned, and its recall means little."""
UNEQUAL = 10
"""Times as many pictures in the largest class as in the smallest."""


def uneven_classes(split: str, classes: Mapping[str, int], weighted: bool = False) -> str:
    """A sentence about a split with such classes, and what to do; empty if there is nothing to say.

    ``classes``: label → pictures. ``weighted``: whether training weighs or draws them equally.
    """
    held = {label: count for label, count in classes.items() if count}
    if len(held) < 2:
        return ""
    few = {label: count for label, count in held.items() if count < FEW}
    largest, smallest = max(held, key=held.__getitem__), min(held, key=held.__getitem__)
    said, advice = [], []
    if few:
        said.append("few pictures of " + ", ".join(f"{k} ({v})" for k, v in few.items()))
        advice.append(f"collect {FEW} or more of each, and measure with 'mien evaluate --folds 5'")
    if held[largest] >= UNEQUAL * held[smallest]:
        times = held[largest] / held[smallest]
        said.append(f"{times:.0f} times as many pictures of {largest} as of {smallest}")
        if not weighted:
            advice.append("train with --set sampling=balanced or --set class_weights=true")
    if not said:
        return ""
    sentence = f"split {split!r} has {' and '.join(said)}"
    return f"{sentence}: {'; '.join(advice)}" if advice else sentence
