"""The page of ``mien video --summary``: who showed what, and when."""
