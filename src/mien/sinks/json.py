"""One JSON array for the whole run, one object per picture."""

from __future__ import annotations

import json

from mien.escaping import for_json
from mien.sinks.base import Closing, Image, Target, TextOutput
from mien.types import Result


class JsonSink(Closing):
    """Streams ``Result.to_dict()`` of each picture into one array, ``[]`` without any picture.

    ``close`` writes the closing bracket, and leaving the ``with`` block calls it, after an error or
    Ctrl-C too. A killed run leaves an unclosed array, where ``JsonlSink`` leaves whole lines.
    """

    def __init__(self, target: Target) -> None:
        """``target``: a path, overwritten, or an open text stream. Raises ``OutputError``."""
        self._output = TextOutput(target)
        self._separator = "[\n"

    def write(self, result: Result, image: Image | None = None) -> None:
        """Write one object; ``image`` is ignored. Raises ``OutputError``."""
        text = for_json(json.dumps(result.to_dict(), ensure_ascii=not self._output.is_unicode))
        self._output.write(self._separator + text)
        self._separator = ",\n"

    def close(self) -> None:
        """Close the array, then the file; a given stream stays open."""
        if self._output.is_open:
            self._output.write("\n]\n" if self._separator == ",\n" else "[]\n")
        self._output.close()
