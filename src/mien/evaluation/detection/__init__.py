"""Evaluation of face detectors: answers, matching, precision, measures, comparison."""
