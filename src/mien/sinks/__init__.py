"""Outputs of results; a sink knows no other sink.

Text, to a path or an open stream: ``JsonlSink``, ``JsonSink``, ``CsvSink``, ``TableSink``. A table
to a file: ``ParquetSink``. Pictures, to a folder: ``DrawSink``, ``CropsSink``; ``annotate`` returns
one annotated picture. A video: ``VideoSink``, and tables of it: ``FrameTableSink``,
``PersonTableSink``. ``CountSink`` counts. ``mien.sinks.formats`` knows them by name and suffix.
"""

from mien.sinks.base import Sink
from mien.sinks.count import CountSink
from mien.sinks.crops import CropsSink
from mien.sinks.csv import CsvSink
from mien.sinks.draw import DrawSink, annotate
from mien.sinks.json import JsonSink
from mien.sinks.jsonl import JsonlSink
from mien.sinks.parquet import ParquetSink
from mien.sinks.table import TableSink
from mien.sinks.video import VideoSink
from mien.sinks.video_table import FrameTableSink, PersonTableSink

__all__ = [
    "CountSink",
    "CropsSink",
    "CsvSink",
    "DrawSink",
    "FrameTableSink",
    "JsonSink",
    "JsonlSink",
    "ParquetSink",
    "PersonTableSink",
    "Sink",
    "TableSink",
    "VideoSink",
    "annotate",
]
