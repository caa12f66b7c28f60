"""Data sets of labelled face crops."""
