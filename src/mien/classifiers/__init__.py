"""Expression classifiers."""
