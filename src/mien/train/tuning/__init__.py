"""Tuning, on Optuna: an extra on top of training.

``space`` and ``split`` need neither Optuna nor PyTorch, so wrong options are reported at once.
"""
