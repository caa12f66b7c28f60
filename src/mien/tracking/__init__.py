"""Faces over time: who is who from frame to frame, steadier answers, and how well each is seen."""
