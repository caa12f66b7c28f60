"""Optional dependencies: what each extra brings, and one error where it is missing."""

from __future__ import annotations

from importlib import import_module

from mien.errors import MissingExtraError

MODULES = {
    "train": ("torch",),
    "plot": ("matplotlib",),
    "tune": ("torch", "optuna", "sqlalchemy", "sklearn", "matplotlib"),
}
"""Modules that everything in an extra imports."""


def require_extra(extra: str, what: str, *modules: str) -> None:
    """Import the modules of ``extra``, and ``modules`` of the same extra that ``what`` also needs.

    Raises ``MissingExtraError``, which names ``what`` and gives the pip command.
    """
    for module in (*MODULES[extra], *modules):
        try:
            import_module(module)
        except ImportError:
            raise MissingExtraError(what, extra) from None
