"""Figures; they need Matplotlib, which the ``plot`` extra brings and each function imports."""
