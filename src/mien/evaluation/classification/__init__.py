"""Evaluation of classifiers: predictions, measures, comparison, explanation."""
