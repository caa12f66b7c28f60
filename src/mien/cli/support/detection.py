"""Options that commands which find faces and read expressions have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from mien.cli.support.device import DEVICE
from mien.cli.support.numbers import THREADS, Finite
from mien.registry import DEFAULT_DETECTOR

Command = TypeVar("Command", bound=Callable[..., Any])

DETECTOR = click.option(
    "--detector", default=DEFAULT_DETECTOR, show_default=True, metavar="NAME|FILE",
    help="Detector: name or ONNX file.",
)  # fmt: skip
MIN_FACE_SIZE = click.option(
    "--min-face-size", type=Finite(min=0, min_open=True), metavar="PIXELS",
    help="Smallest face to look for (default: the detector's own).",
)  # fmt: skip
MIN_CONFIDENCE = click.option(
    "--min-confidence", type=Finite(min=0, max=1), metavar="P",
    help="Call an expression 'uncertain' if its probability is below P, from 0 to 1.",
)  # fmt: skip
MODEL = click.option(
    "--model", default="default", show_default=True, help="Classifier: name or ONNX file."
)
DETECTOR_OPTION = click.option(
    "--detector-option", "detector_options", multiple=True, metavar="KEY=VALUE",
    help="An option of the detector, such as score_threshold=0.8; can be repeated.",
)  # fmt: skip
MAX_PIXELS = click.option(
    "--max-pixels", type=click.IntRange(min=1), metavar="N",
    help="Refuse pictures with more pixels (default: 100 million).",
)  # fmt: skip
TRY_ROTATIONS = click.option(
    "--try-rotations", is_flag=True,
    help="Search pictures on their sides and upside down as well, in four times the time.",
)  # fmt: skip
THREADS_OF_NETWORKS = click.option(
    "--threads", type=THREADS, metavar="N", help="Threads per network."
)


def recognizer_options(command: Command) -> Command:
    """Adds the options that are parameters of ``Recognizer``, by the same names."""
    return _with(
        command, MIN_FACE_SIZE, MIN_CONFIDENCE, MODEL, DETECTOR, DETECTOR_OPTION, MAX_PIXELS,
        TRY_ROTATIONS, THREADS_OF_NETWORKS, DEVICE,
    )  # fmt: skip


def corpus_options(command: Command) -> Command:
    """Adds those of ``recognizer_options`` but ``--threads``: a worker has one."""
    return _with(
        command, MIN_FACE_SIZE, MIN_CONFIDENCE, MODEL, DETECTOR, DETECTOR_OPTION, MAX_PIXELS,
        TRY_ROTATIONS, DEVICE,
    )  # fmt: skip


def recording_options(command: Command) -> Command:
    """Adds those that a log records by: upright faces, and probabilities instead of a label."""
    return _with(
        command, MIN_FACE_SIZE, MODEL, DETECTOR, DETECTOR_OPTION, MAX_PIXELS, THREADS_OF_NETWORKS,
        DEVICE,
    )  # fmt: skip


def _with(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):  # as decorators: the last is applied first
        command = option(command)
    return command
