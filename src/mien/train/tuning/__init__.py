"""Tuning, on Optuna: an extra on top of training.

``space`` and ``split`` need neither Optuna nor PyTorch, so mistakes are reported at once.
"""
