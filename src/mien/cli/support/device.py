"""The option that chooses where networks run."""

from __future__ import annotations

import click

from mien.devices import DEVICES

DEVICE = click.option(
    "--device",
    type=click.Choice(DEVICES),
    help="Where ONNX networks run (default: cpu); auto takes the best that works.",
)
