"""Millions of pictures: ``run`` for a job in a folder, ``analyze_batch`` for jobs of your own.

Needs the extra ``scale``; names are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.scale.batch import analyze_batch
    from mien.scale.running import Summary, run

_HOME = {"Summary": "running", "analyze_batch": "batch", "run": "running"}

__all__ = ["Summary", "analyze_batch", "run"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"mien.scale.{_HOME[name]}"), name)
