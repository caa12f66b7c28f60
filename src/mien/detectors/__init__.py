"""Face detectors: one file each, all with the two members of ``base.Detector``."""
