"""Reports as one self-contained HTML file, the tables in them, and the figures."""
