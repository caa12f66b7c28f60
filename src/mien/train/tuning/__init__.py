"""Tuning, on Optuna: an extra on top of training.

``space`` and ``split`` need neither Optuna nor PyTorch, so that what is wrong is told at once.
"""

from __future__ import annotations

from importlib import import_module

from mien.errors import MissingExtraError


def require_extra(what: str) -> None:
    """Import what tuning needs, or raise ``MissingExtraError`` with the pip command."""
    for module in ("torch", "optuna", "sqlalchemy", "sklearn", "matplotlib"):
        try:
            import_module(module)
        except ImportError:
            raise MissingExtraError(what, "tune") from None
