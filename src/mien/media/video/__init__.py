"""Videos: files and numbered pictures → RGB frames with their times, and frames → files."""
