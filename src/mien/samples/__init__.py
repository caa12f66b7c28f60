"""A sample photo: Eileen Collins, portrait by NASA, in the public domain."""

from pathlib import Path

ASTRONAUT = Path(__file__).parent / "astronaut.jpg"
"""512×512 pixels, one face."""
