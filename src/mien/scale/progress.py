"""How far a run is: on one line, and as figures for Prometheus."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Progress:
    """Numbers of inputs; of shards that are done alone."""

    total: int
    before: int
    """Done by earlier runs."""
    done: int
    failed: int
    faces: int
    began: float = field(default_factory=time.monotonic)

    def add(self, inputs: int, failed: int, faces: int) -> None:
        """Count one more shard."""
        self.done += inputs
        self.failed += failed
        self.faces += faces

    @property
    def rate(self) -> float:
        """Inputs a second in this run."""
        return (self.done - self.before) / max(time.monotonic() - self.began, 1e-6)

    @property
    def seconds_left(self) -> float | None:
        """``None`` before the first shard is done, and when all are."""
        left = self.total - self.done
        return left / self.rate if left and self.done > self.before else None

    def line(self) -> str:
        """What a log file can hold, such as ``1,000 of 4,000 inputs (25 %), 2 failed, …``."""
        share = 100 * self.done // max(self.total, 1)
        text = f"{self.done:,} of {self.total:,} inputs ({share} %), {self.failed:,} failed, "
        text += f"{self.faces:,} faces, {self.rate:,.1f} a second"
        left = self.seconds_left
        return text if left is None else f"{text}, {duration(left)} to go"

    def prometheus(self) -> str:
        """Figures in Prometheus's text format."""
        return prometheus(
            {
                "inputs": (self.total, "Inputs of the corpus."),
                "inputs_done": (self.done, "Inputs with an answer."),
                "inputs_failed": (self.failed, "Inputs that could not be read or analysed."),
                "faces": (self.faces, "Faces found."),
                "inputs_per_second": (round(self.rate, 3), "Inputs a second in this run."),
                "updated_seconds": (round(time.time()), "When this was written."),
            }
        )


def prometheus(figures: dict[str, tuple[float, str]]) -> str:
    """Gauges of Prometheus's text format: name → value and help."""
    lines = []
    for name, (value, text) in figures.items():
        whole = f"mien_corpus_{name}"
        lines += [f"# HELP {whole} {text}", f"# TYPE {whole} gauge", f"{whole} {value}"]
    return "\n".join(lines) + "\n"


def duration(seconds: float) -> str:
    """Seconds in words: ``45 s``, ``12 min``, ``3 h 20 min``, ``2 d 4 h``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
