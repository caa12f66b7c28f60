"""Tars of files."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from pathlib import Path


def write(path: Path, files: Iterable[Path], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for file in files:
            tar.add(file, f"in/{file.name}")
    return path
