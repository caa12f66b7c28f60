"""What decides the answers of a job: options of the recognizer, of videos, and what is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.errors import ConfigError, brief
from mien.options import read_pairs
from mien.parsing import is_whole
from mien.registry import DEFAULT_DETECTOR
from mien.scale.fetching import file_sha256
from mien.scale.shards import SIZE

if TYPE_CHECKING:
    from mien.pipeline import Recognizer

_RECOGNIZER = (
    "detector", "model", "min_face_size", "detector_options", "max_pixels", "min_confidence",
    "try_rotations", "device",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """The same inputs and settings give the same files, byte for byte.

    The first ones are options of ``Recognizer``; detector and model are names or files. Raises
    ``ConfigError``.
    """

    detector: str = DEFAULT_DETECTOR
    model: str = "default"
    min_face_size: float | None = None
    detector_options: Mapping[str, Any] = field(default_factory=dict)
    max_pixels: int | None = None
    min_confidence: float | None = None
    try_rotations: bool = False
    device: str | None = None
    every: int | None = None
    """Of a video, every N-th frame."""
    fps: float | None = None
    """Of a video, at most F frames a second."""
    crops: bool = False
    """Whether each face is kept as a picture."""
    dedupe: bool = False
    """Whether inputs with the same bytes are analysed once."""
    shard_size: int = SIZE
    """Pictures in a shard."""

    def __post_init__(self) -> None:
        given = read_pairs(self.detector_options, "detector_options")
        object.__setattr__(self, "detector_options", given)
        object.__setattr__(self, "detector", str(self.detector))
        object.__setattr__(self, "model", str(self.model))
        if not is_whole(self.shard_size, 1, 1_000_000):
            raise ConfigError(
                f"shard_size is {brief(self.shard_size)}: give a whole number up to 1,000,000"
            )
        from mien.media.video.choice import Choice

        Choice(0.0, None, self.every, self.fps)  # which checks them

    def recognizer(self) -> Recognizer:
        """A recognizer with one thread. Raises as ``Recognizer``."""
        from mien.pipeline import Recognizer

        return Recognizer(**{name: getattr(self, name) for name in _RECOGNIZER}, threads=1)

    def request(self) -> dict[str, Any]:
        """Every setting as JSON has it, and hashes of the weights that they name."""
        return {**asdict(self), "weights": dict(sorted(self._weights()))}

    def _weights(self) -> Iterator[tuple[str, str]]:
        """Name or file as given, and the hash of its weights; of names that ship with Mien too."""
        from mien.weights import DEFAULT, MTCNN, YUNET

        shipped = {"default": [DEFAULT], "yunet": [YUNET], "mtcnn": sorted(MTCNN.glob("*.onnx"))}
        for name in map(str, (self.detector, self.model, *self.detector_options.values())):
            if name in shipped:
                yield name, _hash(shipped[name])
            elif name.lower().endswith(".onnx") and Path(name).is_file():
                yield name, file_sha256(name)


def _hash(paths: list[Path]) -> str:
    if len(paths) == 1:
        return file_sha256(str(paths[0]))
    each = "".join(file_sha256(str(path)) for path in paths)
    return hashlib.sha256(each.encode()).hexdigest()
