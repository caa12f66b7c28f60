"""What a classifier of a comparison costs: measured before by ``mien study``, or now."""

from __future__ import annotations

from pathlib import Path

from mien.classifiers.base import load_classifier
from mien.classifiers.onnx import OnnxClassifier
from mien.errors import MissingExtraError
from mien.evaluation.classification.cost import Cost
from mien.extras import require_extra
from mien.subjects.source import Source

COST = "cost.json"
"""File in a run's folder."""


def classifier_cost(source: Source) -> Cost:
    """Costs of ``source``; what cannot be measured is ``None``, and ``note`` says why.

    Of saved answers only the file of a run around them is known. Raises ``InputError`` for a
    damaged file of costs.
    """
    path = Path(source.text)
    run = path.parent.parent if source.form == "answers" else path
    if run.name and (run / COST).is_file():
        return Cost.load(run / COST)
    if source.form == "answers":
        return Cost()
    try:
        require_extra("train", "the costs of a network", "onnx", "onnxscript")
    except MissingExtraError as error:
        return Cost(note=str(error))
    from mien.train.classification.measure_cost import file_cost, run_cost

    if source.form == "run":
        return run_cost(path)
    if source.form == "file":
        return file_cost(path)
    classifier = load_classifier(source.text)
    if isinstance(classifier, OnnxClassifier):
        return file_cost(classifier.path)
    return Cost(note="it is not an ONNX file, so its costs cannot be measured")
