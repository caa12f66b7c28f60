"""Data sets resized once and stored: ``mien data pack`` writes them, ``packed`` reads them."""
