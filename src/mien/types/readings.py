"""What a face shows: probabilities of expressions, and the reading of one face."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mien.errors import InputError, did_you_mean
from mien.types.faces import Face

UNCERTAIN = "uncertain"
"""The expression of a face whose most probable expression is below ``min_confidence``."""

_OF_RAW = ("expression", "probs", "valence", "arousal")


@dataclass(frozen=True, slots=True)
class EmotionScores:
    """Probabilities over expressions: ``probs[i]`` belongs to ``labels[i]``, and they sum to 1.

    ``scores["happiness"]`` is the probability of one expression, in any spelling that
    ``mien.labels.canonical`` accepts; an expression without a label raises ``InputError``.
    """

    labels: tuple[str, ...]
    probs: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.probs) or not self.labels:
            raise InputError(f"{len(self.labels)} labels for {len(self.probs)} probabilities")
        if not math.isclose(math.fsum(self.probs), 1.0, abs_tol=1e-3):
            raise InputError(f"probabilities must sum to 1, got {math.fsum(self.probs):.4f}")

    @property
    def top(self) -> str:
        """The most probable label."""
        return self.ranked()[0][0]

    @property
    def top_prob(self) -> float:
        """The probability of ``top``, in [0, 1]."""
        return max(self.probs)

    def __getitem__(self, label: str) -> float:
        from mien.labels import canonical

        name = label
        if label not in self.labels:
            with suppress(InputError):  # not an expression, but a model may have other labels
                name = canonical(label)
        if name not in self.labels:
            known = did_you_mean(label, self.labels, "labels")
            raise InputError(f"this model has no label {name!r}: {known}")
        return self.probs[self.labels.index(name)]

    def ranked(self) -> list[tuple[str, float]]:
        """``(label, probability)`` pairs, most probable first; ties keep the model's order."""
        return sorted(zip(self.labels, self.probs, strict=True), key=lambda pair: -pair[1])

    def to_dict(self) -> dict[str, float]:
        """``{label: probability}`` in the model's label order."""
        return dict(zip(self.labels, self.probs, strict=True))

    def __repr__(self) -> str:
        shown = ", ".join(f"{label} {prob:.0%}" for label, prob in self.ranked()[:3])
        return f"EmotionScores({shown}{', …' if len(self.labels) > 3 else ''})"


@dataclass(frozen=True, slots=True)
class Reading:
    """One face and its expression. ``valence`` and ``arousal`` are in [-1, 1], or ``None``."""

    face: Face
    emotions: EmotionScores
    valence: float | None = None
    arousal: float | None = None
    small: bool = False
    """Whether the face has fewer pixels than the network's input, so that it was enlarged."""
    uncertain: bool = False
    """Whether the most probable expression is below the ``min_confidence`` that was asked for."""
    held: str | None = None
    """In a video whose readings are smoothed: the label that is held until another one is clearly
    more probable."""
    raw: Reading | None = None
    """In such a video: the reading of this frame alone."""
    usable: bool | None = None
    """In a video: whether the face is large, sharp, lit and frontal enough for its reading to count
    (``mien.tracking.quality``)."""
    carried: bool = False
    """In a video with ``classify_every``: whether the answers are those of an earlier frame."""

    @property
    def expression(self) -> str:
        """The most probable expression, or the one that is held over time, or ``"uncertain"``.

        ``emotions.top`` is always a label.
        """
        return UNCERTAIN if self.uncertain else self.held or self.emotions.top

    @property
    def prob(self) -> float:
        """The probability of ``expression``, in [0, 1]; where uncertain, the highest of all."""
        if self.held is None or self.expression == UNCERTAIN:
            return self.emotions.top_prob
        return self.emotions[self.held]

    def affect(self) -> dict[str, float]:
        """``valence`` and ``arousal`` (five decimals), each if known."""
        values = (("valence", self.valence), ("arousal", self.arousal))
        return {name: round(value, 5) for name, value in values if value is not None}

    def _affect_texts(self) -> list[str]:
        return [f"{name} {value:+.2f}" for name, value in self.affect().items()]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: ``box`` and ``landmarks`` in pixels (two decimals), probabilities (five)."""
        landmarks = self.face.landmarks
        out: dict[str, Any] = {
            "box": self.face.box.to_list(2),
            "score": round(self.face.score, 5),
            "landmarks": landmarks and [[round(x, 2), round(y, 2)] for x, y in landmarks],
            "expression": self.expression,
            "small": self.small,
            "probs": {label: round(p, 5) for label, p in self.emotions.to_dict().items()},
        }
        if self.raw is not None:
            raw = self.raw.to_dict()
            out["raw"] = {name: raw[name] for name in _OF_RAW if name in raw}
        if self.usable is not None:
            out["usable"] = self.usable
        if self.carried:
            out["carried"] = True
        if self.face.quarter_turns:
            out["quarter_turns"] = self.face.quarter_turns
        if self.face.track_id is not None:
            out["track_id"] = self.face.track_id
        return out | self.affect()

    def __repr__(self) -> str:
        x1, y1, x2, y2 = self.face.box.to_list(0)
        box = f"[{x1:.0f}, {y1:.0f}, {x2:.0f}, {y2:.0f}]"
        return f"Reading({self.expression} {self.prob:.0%} at {box})"
