"""Display names of compared models."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mien.evaluation.kept_answers import DETECTIONS, PREDICTIONS


def short_names(runs: Iterable[str]) -> dict[str, str]:
    """A short name for each argument; arguments that would share one keep their whole text."""
    short = {}
    for run in runs:
        path = Path(run)
        if path.parent.name in (PREDICTIONS, DETECTIONS):
            path = path.parent.parent
        is_file = path.suffix.lower() in (".npz", ".onnx", ".pt")
        short[run] = (path.stem if is_file else path.resolve().name) or run
    taken = list(short.values())
    return {run: name if taken.count(name) == 1 else run for run, name in short.items()}
