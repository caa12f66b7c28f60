"""Faces cut out of photos, into a folder with a table."""
