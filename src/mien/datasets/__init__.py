"""Labelled face crops: one reader a data set, and one way to read folders, zips and files."""
