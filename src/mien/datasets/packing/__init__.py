"""Data sets stored small: written by ``mien data pack``, read by ``packed``."""
