"""Results of other programs, and of ``mien video``, read into the log."""
