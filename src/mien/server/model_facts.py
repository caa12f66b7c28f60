"""Facts of the loaded models, of those that could be loaded, and what was measured of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mien.catalogue import Broken, classifier_specs, detector_facts
from mien.classifiers.onnx import OnnxClassifier
from mien.detectors.base import Detector
from mien.detectors.onnx import OnnxDetector
from mien.parsing import is_number, is_text, is_whole, parse_json
from mien.pipeline import Recognizer
from mien.reading import read_file

MOST_REPORTS, MOST_BYTES = 200, 4 << 20
"""Files of a folder that are read, and bytes of one."""
_TEXTS = ("data", "dataset", "split", "model", "detector", "source")
_FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "ece", "ap", "ap50", "ap75")
_COUNTS = ("n", "pictures", "faces")


def loaded_models(recognizer: Recognizer) -> dict[str, Any]:
    """``classifier`` and ``detector``: names, inputs, cards, and the classifier's file."""
    spec, detector = recognizer.classifier.spec, recognizer.detector
    classifier = {
        "name": spec.name,
        "labels": list(spec.labels),
        "input": {"size": spec.input_size, "channels": spec.channels},
        "affect": spec.affect,
        "trained_on": spec.trained_on,
        "licence": spec.licence,
        "scores": dict(spec.scores),
        "card": _plain(spec.card),
        "weights_sha256": spec.sha256 or None,
    }
    if isinstance(recognizer.classifier, OnnxClassifier):
        classifier |= _file(recognizer.classifier.path)
    return {"classifier": classifier, "detector": _detector(detector)}


def available_models() -> list[dict[str, Any]]:
    """Every registered name: whether it works here, and what it is or why it does not."""
    rows = []
    for name, facts in detector_facts().items():
        broken = isinstance(facts, Broken)
        needs = "" if isinstance(facts, Broken) else facts.needs
        note = str(facts) if isinstance(facts, Broken) else facts.summary
        if needs:
            note = f"needs {needs}"
        rows.append({"name": name, "kind": "detector", "works": not broken and not needs,
                     "note": note})  # fmt: skip
    for name, spec in classifier_specs().items():
        broken = isinstance(spec, Broken)
        note = str(spec) if isinstance(spec, Broken) else spec.trained_on
        rows.append({"name": name, "kind": "classifier", "works": not broken, "note": note})
    return rows


def read_evaluations(folder: str | Path) -> list[dict[str, Any]]:
    """The figures in a folder of files that ``mien evaluate … --json > FILE.json`` wrote, by name.

    Files of other kinds are left out.
    """
    found = []
    with suppress(OSError):
        names = sorted(name for name in os.listdir(folder) if name.lower().endswith(".json"))  # noqa: PTH208
        for name in names[:MOST_REPORTS]:
            with suppress(OSError, ValueError):
                content = parse_json(read_file(Path(folder) / name, MOST_BYTES), depth=16)
                if evaluation := _evaluation(Path(name).stem, content):
                    found.append(evaluation)
    return found


def _evaluation(name: str, content: object) -> dict[str, Any] | None:
    if not isinstance(content, dict):
        return None
    kind = "classifier" if is_number(content.get("accuracy"), 0, 1) else "detector"
    if kind == "detector" and not is_number(content.get("ap50"), 0, 1):
        return None
    texts = {key: content[key] for key in _TEXTS if is_text(content.get(key), 1000)}
    figures = {key: content[key] for key in _FIGURES if is_number(content.get(key), 0, 1)}
    counts = {key: content[key] for key in _COUNTS if is_whole(content.get(key), 0)}
    if "data" in texts:  # a path of the machine that measured
        texts["data"] = Path(texts["data"]).name
    warnings = content.get("warnings")
    lines = [line for line in warnings if is_text(line)] if isinstance(warnings, list) else []
    return {"name": name, "kind": kind, **texts, **counts, **figures, "warnings": lines[:20]}


def _detector(detector: Detector) -> dict[str, Any]:
    facts = detector.facts
    found = {
        "name": facts.name,
        "summary": facts.summary,
        "landmarks": facts.landmarks,
        "score_threshold": detector.score_threshold,
        "licence": facts.licence,
        "source": facts.source,
        "card": _plain(facts.card),
    }
    if isinstance(detector, OnnxDetector):
        found["spec"] = _plain(asdict(detector.spec))
    return found


def _file(path: Path) -> dict[str, Any]:
    with suppress(OSError):
        data = read_file(path)
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return {}


def _plain(value: Any) -> Any:
    """``value`` of the kinds that JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
