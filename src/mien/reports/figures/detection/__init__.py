"""Figures of face detectors: one evaluated, and several compared."""
