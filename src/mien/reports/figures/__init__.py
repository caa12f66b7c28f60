"""Figures, drawn with Matplotlib. The ``plot`` extra brings it, and only functions import it."""
