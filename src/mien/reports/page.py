"""What every report is: a filled template in one file, where it comes from, how it was made."""

from __future__ import annotations

import base64
import platform
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.extras import require_extra
from mien.files import check_writable, write_whole

_PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "matplotlib", "torch")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a report comes from."""

    command: str
    source: str
    """What was given as the model."""
    data: str
    warnings: Sequence[str] = ()
    """One sentence each: what a reader must know before believing the figures."""


def check_target(path: str | Path) -> None:
    """Raise now what ``write`` would raise after the work: ``MissingExtraError`` without what the
    ``plot`` extra brings, ``OutputError`` where ``path`` cannot be written.
    """
    require_extra("plot", "an HTML report", "jinja2")
    check_writable(Path(path))


def write(path: str | Path, html: str) -> None:
    """Write a report, whole or not at all. Raises ``OutputError``."""
    write_whole(Path(path), html.encode("utf-8", "replace"))


def render(template: str, **values: Any) -> str:
    """The HTML text of one of the package's templates; whatever comes from outside, such as names
    and paths, is escaped.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("mien.reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    ).get_template(template)  # fmt: skip
    return found.render(**values, versions=_versions())


def drawn(
    reading: Mapping[str, tuple[str, str]],
    figures: Mapping[str, bytes],
    photos: Collection[str] = (),
) -> list[tuple[str, str, str, str]]:
    """Name, heading, how to read it and data URI of those ``figures`` (PNG by name) that
    ``reading`` has words for, in its order. ``photos`` are stored as JPEG, a tenth of the size.
    """
    return [
        (name, heading, words, (photo_uri if name in photos else data_uri)(figures[name]))
        for name, (heading, words) in reading.items()
        if name in figures
    ]


def data_uri(png: bytes) -> str:
    """A picture as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def photo_uri(png: bytes) -> str:
    """The same picture as JPEG, which photos need far less room in."""
    image = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR))
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def readable(facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts as text, without those that say nothing."""
    texts = {}
    for key, value in facts.items():
        if isinstance(value, list | tuple):
            value = ", ".join(str(part) for part in value)
        elif isinstance(value, float):
            value = f"{value:.5g}"
        if value not in ("", None):
            texts[key.replace("_", " ")] = str(value)
    return texts


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("mien", *_PACKAGES):
        # PyTorch is named only where it has taken part.
        if package != "torch" or "torch" in sys.modules:
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                continue
    return found
