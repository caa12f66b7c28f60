"""Figures of a classifier's evaluation."""
