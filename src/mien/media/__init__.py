"""Reads pictures from any source."""
