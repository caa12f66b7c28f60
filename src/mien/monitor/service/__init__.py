"""``mien monitor run``: one process that records, checks and sends for as long as it may."""
