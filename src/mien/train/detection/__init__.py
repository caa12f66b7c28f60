"""Training of face detectors: Faster R-CNN on pictures with marked faces."""
