"""Measures of classifiers and detectors."""
