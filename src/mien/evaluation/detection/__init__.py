"""Face detectors measured: what they answer, what of it is right, and who is better."""
