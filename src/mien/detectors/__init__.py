"""Face detectors, one file each; all follow the protocol ``base.Detector``."""
