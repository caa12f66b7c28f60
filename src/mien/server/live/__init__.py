"""Live streams: a connection sends frames and gets results."""
