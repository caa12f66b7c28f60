"""Networks to train, one file for each family."""
