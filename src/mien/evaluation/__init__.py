"""Evaluation of classifiers and face detectors: their answers, and measures of these."""
