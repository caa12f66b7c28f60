"""Measures of tracks and of answers over time."""
