"""What a classifier takes: parameters, arithmetic, time for a face, megabytes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mien.errors import InputError
from mien.files import write_whole


@dataclass(frozen=True, slots=True)
class Cost:
    """What a classifier takes; ``None`` where it was not, or cannot be, measured."""

    parameters: int | None = None
    """Learned numbers."""
    macs: int | None = None
    """Multiplications with addition for one face."""
    ms_per_face: float | None = None
    """Median of ONNX Runtime, one face a call, one thread, preparation of the crop included."""
    megabytes: float | None = None
    """The ONNX file, 10⁶ bytes."""
    hardware: str = ""
    """What the milliseconds were measured on."""
    note: str = ""
    """Why something is missing."""

    def save(self, path: Path) -> None:
        """Write one JSON object, whole or not at all; ``OutputError``."""
        write_whole(path, (json.dumps(asdict(self), indent=2) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> Cost:
        """Read what ``save`` wrote. Raises ``InputError``."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{path} holds no costs of 'mien study' ({reason}): remove it"
            ) from None
