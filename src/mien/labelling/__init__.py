"""People name the expressions of faces on a page of their own machine; how far they agree."""
