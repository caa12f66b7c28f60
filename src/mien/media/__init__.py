"""Reads pictures from every kind of source."""
