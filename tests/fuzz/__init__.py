"""Hostile input: mutated files through the public doors of Mien (``make fuzz``)."""
