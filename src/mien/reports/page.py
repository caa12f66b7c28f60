"""What all reports share: a filled template in one file, with where it comes from."""

from __future__ import annotations

import base64
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from mien.extras import require_extra
from mien.files import check_writable, write_whole
from mien.reports.text import ends

_PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "matplotlib", "torch")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a report comes from."""

    command: str
    """The command line as typed."""
    source: str
    """The model as named on the command line."""
    data: str
    """Path of the data set."""
    warnings: Sequence[str] = ()
    """One sentence each: what a reader must know before trusting the results."""


@dataclass(frozen=True, slots=True)
class Caption:
    """The heading of a figure in a report, and how to read the figure."""

    heading: str
    text: str
    layout: Literal["", "narrow", "wide", "photos"] = ""
    """CSS class. ``wide`` and ``photos`` are wider than the text; ``photos`` are stored
    as JPEG, a tenth of the size of PNG."""


def check_report_path(path: str | Path) -> None:
    """Raise now what writing a report to ``path`` would raise after the work.

    ``MissingExtraError`` without Jinja, ``OutputError`` if ``path`` cannot be written.
    """
    require_extra("plot", "an HTML report", "jinja2")
    check_writable(Path(path))


def write_report(path: str | Path, html: str) -> None:
    """Write a report, whole or not at all. Raises ``OutputError``."""
    write_whole(Path(path), html.encode("utf-8", "replace"))


def render(
    template: str,
    title: str,
    origin: Origin,
    captions: Mapping[str, Caption],
    figures: Mapping[str, bytes],
    **values: Any,
) -> str:
    """The HTML text of a template of this package. Everything from outside, such as names and
    paths, is escaped.

    ``figures`` are PNG files by name; those with a caption are embedded, in the order of
    ``captions``.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mien.reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["ends"] = ends
    embedded = [
        (name, caption, (photo_uri if caption.layout == "photos" else data_uri)(figures[name]))
        for name, caption in captions.items()
        if name in figures
    ]
    return environment.get_template(template).render(
        **values, title=title, origin=origin, figures=embedded, versions=_versions()
    )


def data_uri(png: bytes) -> str:
    """A data URI with a PNG file in it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def photo_uri(png: bytes) -> str:
    """A data URI with the picture of a PNG file as JPEG."""
    image = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR))
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def readable(facts: Mapping[str, Any]) -> dict[str, str]:
    """Facts as text, without empty ones."""
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
    versions = {"python": platform.python_version()}
    for package in ("mien", *_PACKAGES):
        # PyTorch is listed only if this process used it.
        if package != "torch" or "torch" in sys.modules:
            try:
                versions[package] = version(package)
            except PackageNotFoundError:
                continue
    return versions
