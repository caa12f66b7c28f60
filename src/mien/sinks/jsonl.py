"""JSON Lines: one object a picture, one line an object."""

from __future__ import annotations

import json

from mien.sinks.base import Closing, Image, Target, TextOutput
from mien.types import Result


class JsonlSink(Closing):
    """Writes ``Result.to_dict()`` of each picture, faces or none, as one line, flushed at once."""

    def __init__(self, target: Target) -> None:
        """``target`` is a path, made anew, or an open text stream; ``OutputError`` if it fails."""
        self._output = TextOutput(target)

    def write(self, result: Result, image: Image | None = None) -> None:
        """Write one line; ``image`` is not used. Raises ``OutputError``."""
        text = json.dumps(result.to_dict(), ensure_ascii=not self._output.is_unicode)
        self._output.write(text + "\n")

    def close(self) -> None:
        """Close the file; a stream that was given stays open."""
        self._output.close()
