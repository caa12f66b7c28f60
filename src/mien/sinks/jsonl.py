"""JSON Lines: one object per picture, each on its own line."""

from __future__ import annotations

import json

from mien.escaping import for_json
from mien.sinks.base import Closing, Image, Target, TextOutput
from mien.types import Result


class JsonlSink(Closing):
    """Writes ``Result.to_dict()`` of each picture, with faces or without, as one flushed line."""

    def __init__(self, target: Target) -> None:
        """``target``: a path, overwritten, or an open text stream. Raises ``OutputError``."""
        self._output = TextOutput(target)

    def write(self, result: Result, image: Image | None = None) -> None:
        """Write one line; ``image`` is ignored. Raises ``OutputError``."""
        text = for_json(json.dumps(result.to_dict(), ensure_ascii=not self._output.is_unicode))
        self._output.write(text + "\n")

    def close(self) -> None:
        """Close the file; a given stream stays open."""
        self._output.close()
