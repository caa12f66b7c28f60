"""What happens to the connection with a camera; ``str`` of each is a line for people."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Connected:
    """The first frame of a connection has come."""

    camera: str
    """Its name, without passwords; so in every event."""
    width: int
    height: int
    connection: int
    """Counts from 1."""

    def __str__(self) -> str:
        """Whether it is the first connection, and the size of its frames."""
        again = " again" if self.connection > 1 else ""
        return f"{self.camera}: connected{again}, {self.width}×{self.height}"


@dataclass(frozen=True, slots=True)
class Lost:
    """A connection has ended, or could not be made."""

    camera: str
    reason: str
    """Such as ``no frame for 5 s``."""
    retry_s: float
    """Seconds until the next attempt."""
    was_connected: bool
    """Whether it had given a frame."""

    def __str__(self) -> str:
        """Why, and when the next attempt comes."""
        return f"{self.camera}: {self.reason}; next attempt in {self.retry_s:g} s"


@dataclass(frozen=True, slots=True)
class Resized:
    """The camera has changed the size of its frames without a break."""

    camera: str
    width: int
    height: int

    def __str__(self) -> str:
        """The new size."""
        return f"{self.camera}: frames are now {self.width}×{self.height}"


CameraEvent: TypeAlias = Connected | Lost | Resized


def warn_of_loss(event: CameraEvent) -> None:
    """Warn of a connection that is lost or cannot be made; other events are no news."""
    if isinstance(event, Lost):
        warnings.warn(str(event), stacklevel=2)
