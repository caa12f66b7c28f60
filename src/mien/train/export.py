"""From a run of either kind to one ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mien.errors import ConfigError
from mien.files import check_writable
from mien.train import checkpoint
from mien.train.classification.export import ExportedClassifier, export_classifier
from mien.train.detection.export import ExportedDetector, export_detector
from mien.train.onnx_graph import Weights


def export(
    run: str | Path,
    out: str | Path,
    *,
    weights: Weights = "float16",
    data: str | Path | None = None,
    calibrate: str | Path | None = None,
    calibrate_split: str | None = None,
    calibrate_run: str | Path | None = None,
    temperature: float | None = None,
    framing: Mapping[str, Any] | None = None,
    name: str | None = None,
    licence: str | None = None,
    card: Mapping[str, str] | None = None,
) -> ExportedClassifier | ExportedDetector:
    """Write the weights of ``run`` (a folder or checkpoint) to the ONNX file ``out``.

    Takes the arguments of ``export_classifier`` and ``export_detector``; ``int8``, ``data``,
    ``calibrate``, ``temperature`` and ``framing`` are only for classifiers. Raises what these
    raise, and ``ConfigError`` if ``out`` does not end in ``.onnx`` or a detector's run is given
    options of classifiers.
    """
    if Path(out).suffix != ".onnx":
        raise ConfigError(f"--out must end in .onnx, got {str(out)!r}")
    check_writable(Path(out))
    if not checkpoint.is_detector(checkpoint.load(checkpoint.find(run))):
        return export_classifier(
            run, out, weights=weights, data=data, calibrate=calibrate,
            calibrate_split=calibrate_split, calibrate_run=calibrate_run, temperature=temperature,
            framing=framing, name=name, licence=licence, card=card,
        )  # fmt: skip
    given = any(value is not None for value in (data, calibrate, calibrate_run, temperature))
    if given or framing or weights == "int8":
        raise ConfigError(
            f"{run} is a face detector's run: --weights int8, --data, --calibrate, --temperature, "
            "--margin, --offset and --align are only for classifiers"
        )
    return export_detector(run, out, weights=weights, name=name, licence=licence, card=card)
