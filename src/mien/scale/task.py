"""What engines are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mien.scale.inputs import Input
from mien.scale.shards import Shard
from mien.scale.worker import MEMORY, SECONDS


class Limits(NamedTuple):
    """Of each worker."""

    memory: int | None = MEMORY
    """Bytes."""
    seconds: float | None = SECONDS
    """For one picture, or for some frames of a video."""


DEFAULT = Limits()


@dataclass(frozen=True)
class Task:
    """Inputs of one shard, not always all of them."""

    shard: Shard
    inputs: list[Input]
