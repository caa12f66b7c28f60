"""Outputs of results; a sink knows no other sink.

Text, to a path or an open stream: ``JsonlSink``, ``JsonSink``, ``CsvSink``, ``TableSink``.
Pictures, to a folder: ``DrawSink``, ``CropsSink``; ``annotate`` returns one annotated picture.
"""

from mien.sinks.base import Sink
from mien.sinks.crops import CropsSink
from mien.sinks.csv import CsvSink
from mien.sinks.draw import DrawSink, annotate
from mien.sinks.json import JsonSink
from mien.sinks.jsonl import JsonlSink
from mien.sinks.table import TableSink

__all__ = [
    "CropsSink",
    "CsvSink",
    "DrawSink",
    "JsonSink",
    "JsonlSink",
    "Sink",
    "TableSink",
    "annotate",
]
