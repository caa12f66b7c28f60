"""From a run to one ONNX file: averaged weights, every fact about them inside, and checked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import nn

from mien.classifiers.onnx import OnnxClassifier
from mien.classifiers.probabilities import softmax
from mien.datasets.base import Dataset, open_dataset
from mien.datasets.samples import Sample
from mien.datasets.splits import resplit
from mien.errors import ConfigError, ModelError
from mien.evaluation import metrics
from mien.files import check_writable, write_whole
from mien.preprocess.framing import BOX_FRAMING, FRAMINGS
from mien.specs.classifier import ModelSpec
from mien.train import checkpoint
from mien.train.classification.classifier import load_classifier_run, torch_logits
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.spec import input_spec
from mien.train.onnx_graph import Weights, store_float16, traced

if TYPE_CHECKING:
    from onnx import ModelProto

TOLERANCE: dict[str, float] = {"float32": 1e-3, "float16": 0.02}
"""Largest accepted difference from PyTorch's logits; relative to the largest logit above 1."""

FEWEST_CALIBRATED = 50
"""Pictures: on fewer a temperature says more of them than of the model."""

_FER2013 = (
    "Weights: Apache-2.0. Training data: FER2013 (Kaggle competition data), FER+ votes (MIT)."
)
LICENCES = {"fer2013": _FER2013, "ferplus": _FER2013}
"""By data set; for another the terms must be given."""

INTENDED_USE = (
    "Naming the expression that a face shows in a photo or video, for research, teaching and "
    "applications whose users know of it."
)
LIMITS = (
    "Names what a face shows, which is no proof of what a person feels. Trained on small grey web "
    "pictures with noisy labels and unknown balance of age, sex and skin colour: measure it on "
    "your own kind of pictures first. Never decide about people by it; inferring emotions at work "
    "and in education is banned in the European Union, except for medical or safety reasons."
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What ``export_run`` wrote."""

    path: Path
    spec: ModelSpec
    size: int
    """Bytes."""
    difference: float
    """Largest absolute difference between the file's logits and PyTorch's; of a network that
    remembers, over 99 % of the pictures."""


def export_run(
    run: str | Path,
    out: str | Path,
    *,
    weights: Weights = "float16",
    calibrate: str | Path | None = None,
    calibrate_split: str = "public",
    framing: Mapping[str, Any] | None = None,
    name: str | None = None,
    licence: str | None = None,
    card: Mapping[str, str] | None = None,
) -> Exported:
    """Write the averaged weights of ``run`` (a folder or checkpoint) to the ONNX file ``out``.

    The graph takes ``input`` (N, C, S, S) float32 and gives ``logits`` (N, K) float32; a
    ``ModelSpec`` lies in its metadata. Before ``out`` is written, whole or not at all, the graph is
    run by ONNX Runtime and compared with PyTorch on made-up pictures and on those of calibration.

    ``calibrate`` is the path of a data set, of the training data's kind, on whose
    ``calibrate_split`` one temperature is fitted (Guo et al. 2017); the model must not have learned
    from it. The spec's ``scores`` then hold what the file itself measures there:
    ``<split>_accuracy``, ``<split>_nll``, ``<split>_ece``, and ECE before calibration
    (``<split>_ece_uncalibrated``) and with temperatures fitted on one half of the split and
    measured on the other (``<split>_ece_crossfit``).

    ``framing`` changes values of the training data's own (``mien.preprocess.framing``), ``name``
    defaults to the recipe's, ``card`` adds facts for people, or replaces some.

    Raises ``ModelError`` where the file would not compute what PyTorch does, ``ModelFileError``,
    ``ConfigError``, ``DatasetError``, ``OutputError``.
    """
    check_writable(Path(out))
    net, config, state = load_classifier_run(run)
    spec = input_spec(config, tuple(state["labels"]))
    origin = state.get("facts", {}).get("data") or config.dataset
    spec = replace(
        spec,
        name=name or config.name,
        trained_on=_trained_on(config, state),
        licence=licence or LICENCES.get(origin, "The terms of the training data apply."),
        sha256=checkpoint.weights_hash(net),
        card={**_card(config, state), "weights": weights, **(card or {})},
        **{**FRAMINGS.get(origin, BOX_FRAMING), **(framing or {})},
    )
    split = None
    if calibrate is not None:
        dataset = open_dataset(calibrate, config.dataset, config.dataset_options)
        dataset = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
        split = _calibration_split(dataset, calibrate_split, config, spec.labels)

    model = to_onnx(net, spec)
    if weights == "float16":
        store_float16(model)
    crops = list(made_up_crops()) + ([] if split is None else [s.image for s in split])
    logits = onnx_logits(model, spec, crops)
    difference = _check(logits, torch_logits(net, spec, crops), weights, isinstance(net, Fitted))
    if split is not None:
        labels = np.array([sample.label for sample in split], np.int64)
        spec = calibrated(spec, logits[-len(split) :], labels, calibrate_split)

    data = _with_spec(model, spec)
    write_whole(Path(out), data)
    return Exported(Path(out), spec, len(data), difference)


def to_onnx(net: nn.Module, spec: ModelSpec) -> ModelProto:
    """The graph of ``net`` in opset 18 with batches of any size, without the exporter's notes.

    PyTorch's exporter folds batch normalisation into the convolutions before it. Raises
    ``ModelError`` where it cannot follow what the network does.
    """
    example = torch.zeros(2, spec.channels, spec.input_size, spec.input_size)  # (N, C, S, S)
    return traced(net, example, {0: torch.export.Dim("batch")}, ["input"], ["logits"])


def made_up_crops(count: int = 16, side: int = 96) -> NDArray[np.uint8]:
    """(count, side, side, 3) uint8 pictures with the smooth light and fine grain of photos."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (count, 6, 6, 3)).astype(np.float32)
    smooth = [cv2.resize(c, (side, side), interpolation=cv2.INTER_CUBIC) for c in coarse]
    grain = rng.normal(0, 8, (count, side, side, 3))
    return np.clip(np.stack(smooth) + grain, 0, 255).astype(np.uint8)


def onnx_logits(
    model: ModelProto, spec: ModelSpec, crops: list[NDArray[np.uint8]]
) -> NDArray[np.float32]:
    """(N, K) logits of the model as a file, through the classifier that users run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(_with_spec(model, spec))
        return OnnxClassifier(path).logits(crops)


def calibrated(
    spec: ModelSpec, logits: NDArray[np.float32], labels: NDArray[np.int64], split: str
) -> ModelSpec:
    """``spec`` with a temperature fitted on (N, K) ``logits``, and with the scores it earns."""
    temperature = round(metrics.fit_temperature(logits, labels), 4)
    probs = softmax(logits / np.float32(temperature))
    held_out = np.empty_like(probs)
    halves = np.random.default_rng(0).permutation(len(labels)) % 2 == 0
    for half in (halves, ~halves):
        fitted = metrics.fit_temperature(logits[~half], labels[~half])
        held_out[half] = softmax(logits[half] / np.float32(fitted))
    scores = {
        "accuracy": float((probs.argmax(1) == labels).mean()),
        "nll": metrics.nll(probs, labels),
        "ece": metrics.ece(probs, labels),
        "ece_uncalibrated": metrics.ece(softmax(logits), labels),
        "ece_crossfit": metrics.ece(held_out, labels),
    }
    return replace(
        spec,
        temperature=temperature,
        scores={**spec.scores, **{f"{split}_{k}": round(v, 5) for k, v in scores.items()}},
        card={**spec.card, "calibration": f"split {split} ({len(labels)} pictures)"},
    )


def _calibration_split(
    dataset: Dataset, name: str, config: ClassifierConfig, labels: tuple[str, ...]
) -> list[Sample]:
    if name == config.train_split:
        raise ConfigError(
            f"the model has learned from the split {name!r}: calibrate on another one"
        )
    if dataset.facts.labels != labels:
        raise ConfigError(
            f"the calibration data names {', '.join(dataset.facts.labels)}, the model "
            f"{', '.join(labels)}: both must have the same labels in the same order"
        )
    samples = list(dataset.samples(name))
    if len(samples) < FEWEST_CALIBRATED:
        raise ConfigError(
            f"split {name!r} holds {len(samples)} pictures, too few to calibrate on "
            f"({FEWEST_CALIBRATED} or more): choose another split, or leave --calibrate out"
        )
    return samples


def _check(
    got: NDArray[np.float32], expected: NDArray[np.float32], weights: Weights, jumps: bool
) -> float:
    """The largest difference of (N, K) logits, or ``ModelError`` where it is too large.

    ``jumps``: neighbours that are as near may change places by rounding, which says nothing about
    the graph, so one picture in a hundred may have another answer.
    """
    by_picture = np.abs(got - expected).max(1)  # (N,)
    difference = float(np.quantile(by_picture, 0.99 if jumps else 1.0, method="lower"))
    allowed = TOLERANCE[weights] * max(1.0, float(np.abs(expected).max()))
    if not difference <= allowed:  # not a number counts as too large
        raise ModelError(
            f"the exported graph differs from PyTorch's logits by {difference:.2g}, more than "
            f"{allowed:.2g}: nothing was written; try --weights float32 or another PyTorch"
        )
    return difference


def _with_spec(model: ModelProto, spec: ModelSpec) -> bytes:
    """The file's bytes, with ``spec`` as all of its metadata."""
    helper.set_model_props(model, spec.to_metadata())
    data: bytes = model.SerializeToString()
    return data


def _trained_on(config: ClassifierConfig, state: Mapping[str, Any]) -> str:
    pictures = state.get("facts", {}).get("pictures")
    count = f" ({pictures} pictures)" if pictures else ""
    votes = ", with FER+ votes" if state["ferplus"] else ""
    part = (
        config.train_split
        if config.splits == "official"
        else f"{config.train_split} of {config.splits}"
    )
    return f"{config.dataset}, split {part}{count}{votes}"


def _card(config: ClassifierConfig, state: Mapping[str, Any]) -> dict[str, Any]:
    facts = {key: value for key, value in state.get("facts", {}).items() if key != "pictures"}
    return {
        "description": config.description,
        "made_by": "'mien train' and 'mien export'",
        "data": config.dataset,
        "split": config.train_split,
        "seed": config.seed,
        "epochs": f"{state['epochs_done']} of {config.epochs}",
        **facts,
        "intended_use": INTENDED_USE,
        "limits": LIMITS,
        "recipe": config.to_dict(),
    }
