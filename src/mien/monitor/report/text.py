"""Texts of a report."""

from __future__ import annotations


def firm(text: str) -> str:
    """The text, with percent signs that stay on the line of their number."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")
