"""Annotated pictures and HTML cards, drawn from plain values."""
