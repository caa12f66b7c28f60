"""The data model: what a picture becomes on its way through Mien.

Every class is frozen and holds plain Python values, so results compare, hash, pickle and print.
"""

from mien.types.faces import Box, Face, Point
from mien.types.readings import UNCERTAIN, EmotionScores, Reading
from mien.types.result import Result
from mien.types.rows import (
    COLUMNS,
    FRAME_COLUMNS,
    place_of,
    probability_columns,
    result_columns,
    rows_of,
)

__all__ = [
    "COLUMNS",
    "FRAME_COLUMNS",
    "UNCERTAIN",
    "Box",
    "EmotionScores",
    "Face",
    "Point",
    "Reading",
    "Result",
    "place_of",
    "probability_columns",
    "result_columns",
    "rows_of",
]
