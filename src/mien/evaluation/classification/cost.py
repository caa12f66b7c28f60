"""Costs of a classifier: parameters, arithmetic, time for a face, size of the file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_type_hints

from mien.errors import InputError, one_line
from mien.files import write_whole
from mien.options import convert_all
from mien.parsing import parse_json
from mien.reading import read_file

_MOST = 1 << 16  # bytes


@dataclass(frozen=True, slots=True)
class Cost:
    """Costs of a classifier; ``None`` if not measured."""

    parameters: int | None = None
    """Trained weights."""
    macs: int | None = None
    """Multiply-accumulate operations for one face."""
    ms_per_face: float | None = None
    """Median with ONNX Runtime, one face a call, one thread, including preprocessing."""
    megabytes: float | None = None
    """Size of the ONNX file, 10⁶ bytes."""
    hardware: str = ""
    """Processor on which the milliseconds were measured."""
    note: str = ""
    """Why a cost is missing."""

    def save(self, path: Path) -> None:
        """Write one JSON object, whole or not at all. Raises ``OutputError``."""
        write_whole(path, (json.dumps(asdict(self), indent=2) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> Cost:
        """Read what ``save`` wrote. Raises ``InputError``."""
        try:
            values = parse_json(read_file(path, _MOST))
            if not isinstance(values, dict):
                raise ValueError("expected one JSON object")
            read = cls(**convert_all(values, get_type_hints(cls), "cost", from_text=False))
            numbers = (read.parameters, read.macs, read.ms_per_face, read.megabytes)
            if any(number is not None and number < 0 for number in numbers):
                raise ValueError("a cost is negative")
            return read
        except (OSError, ValueError) as error:
            reason = one_line(error)
            raise InputError(
                f"{path} is not a cost file of 'mien study' ({reason}): delete it"
            ) from None
