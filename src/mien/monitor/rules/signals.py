"""What a rule finds at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Signal(StrEnum):
    """What a rule finds at one moment."""

    ON = "on"
    """Beyond the limit."""
    HOLD = "hold"
    """Between the limit and the one at which it ends (hysteresis)."""
    OFF = "off"
    """Within the limit at which it ends."""
    UNKNOWN = "unknown"
    """No statement: nothing changes."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A rule was checked."""

    signal: Signal
    detail: str = ""
    """What it saw, in words."""
