"""How good a detector in training is on pictures that it does not learn from."""
