"""The options of all commands that find faces before they do something with them."""

from __future__ import annotations

import click

from mien.cli.support.numbers import Finite
from mien.registry import DEFAULT_DETECTOR

DETECTOR = click.option(
    "--detector", default=DEFAULT_DETECTOR, show_default=True, metavar="NAME|FILE",
    help="Detector: name or ONNX file.",
)  # fmt: skip
MIN_FACE_SIZE = click.option(
    "--min-face-size", type=Finite(min=0, min_open=True), metavar="PIXELS",
    help="Smallest face to look for (default: the detector's own).",
)  # fmt: skip
