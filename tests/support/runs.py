"""Training runs of ``tiny`` on the CPU, and what they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mien.train.config import BaseConfig
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train import checkpoint, trainer  # noqa: E402

CPU = torch.device("cpu")


def train(config: BaseConfig, folder: Path, **options: Any) -> list[dict[str, Any]]:
    return trainer.train(config, options.pop("data", tiny.Faces()), folder, device=CPU, **options)


def state(folder: Path) -> dict[str, Any]:
    return checkpoint.load(folder / checkpoint.CHECKPOINT)


def equal(a: Any, b: Any) -> bool:
    """Whether two checkpoints hold the same, to the last bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b)
