"""Classifiers measured: predictions, measures, comparison, explanation."""
