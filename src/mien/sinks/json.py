"""One JSON array over the whole run, an object a picture."""

from __future__ import annotations

import json

from mien.sinks.base import Closing, Image, Target, TextOutput
from mien.types import Result


class JsonSink(Closing):
    """Streams ``Result.to_dict()`` of each picture into one array; no picture gives ``[]``.

    The closing bracket comes with ``close``, which leaving the ``with`` block calls after an error
    or Ctrl-C too. A run that is killed outright leaves an open array; ``JsonlSink`` leaves lines.
    """

    def __init__(self, target: Target) -> None:
        """``target`` is a path, made anew, or an open text stream; ``OutputError`` if it fails."""
        self._output = TextOutput(target)
        self._separator = "[\n"

    def write(self, result: Result, image: Image | None = None) -> None:
        """Write one object; ``image`` is not used. Raises ``OutputError``."""
        text = json.dumps(result.to_dict(), ensure_ascii=not self._output.is_unicode)
        self._output.write(self._separator + text)
        self._separator = ",\n"

    def close(self) -> None:
        """Close the array, then the file; a stream that was given stays open."""
        if self._output.is_open:
            self._output.write("\n]\n" if self._separator == ",\n" else "[]\n")
        self._output.close()
