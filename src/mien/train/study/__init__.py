"""All classifiers on one protocol."""
