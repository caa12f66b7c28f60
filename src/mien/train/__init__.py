"""Training, on PyTorch: an extra that the rest of Mien never imports.

``config`` needs no PyTorch, so recipes can be read and listed without it; every other module does.
"""

from __future__ import annotations

from importlib import import_module

from mien.errors import MissingExtraError


def require_extra(what: str, *modules: str, extra: str = "train") -> None:
    """Import PyTorch and ``modules``, or raise ``MissingExtraError`` with the pip command."""
    for module in ("torch", *modules):
        try:
            import_module(module)
        except ImportError:
            raise MissingExtraError(what, extra) from None
