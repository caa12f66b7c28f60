"""Figures of data sets."""
