"""Tuning, on Optuna: an extra on top of training.

``space`` and ``split`` need neither Optuna nor PyTorch, so that what is wrong is told at once.
"""

from __future__ import annotations

from mien import train


def require_extra(what: str) -> None:
    """Import what tuning needs, or raise ``MissingExtraError`` with the pip command."""
    train.require_extra(what, "optuna", "sqlalchemy", "sklearn", "matplotlib", extra="tune")
