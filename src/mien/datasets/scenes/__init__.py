"""Data sets of whole pictures with marked faces."""
