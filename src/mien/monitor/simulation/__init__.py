"""Made-up months with known changes, and what a chart makes of them."""
