"""How a log of an earlier version becomes one of this version."""
