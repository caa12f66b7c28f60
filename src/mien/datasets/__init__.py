"""Data sets of labelled face crops and of whole pictures with marked faces."""
