"""Networks to train, one file each."""
