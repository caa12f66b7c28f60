"""From a classifier's run to one checked ONNX file: averaged weights and all facts about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.classifiers.onnx import AFFECT, OnnxClassifier
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, ModelError
from mien.files import check_writable, write_whole
from mien.runtime import Session
from mien.specs.classifier import TEMPERATURES, ModelSpec
from mien.train.classification.calibration import (
    calibrated,
    calibration_split,
    with_temperature_of,
)
from mien.train.classification.classifier import (
    check_finite,
    load_classifier_run,
    torch_affect,
    torch_logits,
)
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.low_rank import in_parts
from mien.train.classification.models.base import Network
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.spec import input_spec, run_framing
from mien.train.classification.vectors import vectors_of
from mien.train.classification.views import training_views
from mien.train.model_card import add_choices, add_training_facts
from mien.train.onnx_graph import Weights, open_model, store_float16, traced, with_spec
from mien.train.quantization import quantized

if TYPE_CHECKING:
    from onnx import ModelProto

TOLERANCE: dict[str, float] = {"float32": 1e-3, "float16": 0.02, "int8": 0.25}
"""Largest accepted difference from PyTorch's logits, times the largest logit if that is above 1."""
RANGE_PICTURES = 512
"""Training pictures that give the ranges of activations in 8 bits; as many others check them."""
LEAST_AGREEMENT = 0.9
"""Smallest accepted share of these others with the same first answer in 8 bits as in PyTorch."""

_FER2013 = (
    "Weights: Apache-2.0. Training data: FER2013 (Kaggle competition data), FER+ votes (MIT)."
)
LICENCES = {"fer2013": _FER2013, "ferplus": _FER2013}
"""By the data set that the training pictures come from."""

INTENDED_USE = (
    "Naming the expression that a face shows in a photo or video, for research, teaching and "
    "applications whose users know about it."
)
LIMITS = (
    "Names what a face shows, which does not prove what a person feels. Trained on small grey web "
    "pictures with noisy labels and unknown balance of age, sex and skin colour: measure it on "
    "your own kind of pictures first. Never use it to decide about people; inferring emotions at "
    "work and in education is banned in the European Union, except for medical or safety reasons."
)


@dataclass(frozen=True, slots=True)
class ExportedClassifier:
    """What ``export_classifier`` wrote."""

    path: Path
    spec: ModelSpec
    size: int
    """Bytes."""
    difference: float
    """Largest absolute difference between the file's logits and PyTorch's; of a network that
    stores pictures, over 99 % of the pictures."""
    affect_difference: float | None
    """The same of valence and arousal; ``None`` for a model without them."""
    agreement: float | None
    """In 8 bits, the share of training pictures with the same first answer as PyTorch's, of
    pictures that gave no ranges; ``None`` for other weights."""
    notes: tuple[str, ...]
    """What speaks against the split that the temperature was fitted on, a sentence each."""


def export_classifier(
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
) -> ExportedClassifier:
    """Write the averaged weights of ``run`` (a folder or checkpoint) to the ONNX file ``out``.

    The graph takes ``input`` (N, C, S, S) float32 and returns ``logits`` (N, K) float32, and of a
    run with ``affect_weight`` also ``affect`` (N, 2), valence and arousal in [-1, 1]. Its metadata
    holds a ``ModelSpec``. Before ``out`` is written (whole or not at all), ONNX Runtime
    runs the graph, and its logits are compared with PyTorch's on made-up pictures and on those of
    calibration.

    ``weights``: ``float16`` and ``float32`` are how weights are stored. With ``int8`` the
    convolutions compute in 8 bits (``mien.train.quantization``), and ``data`` is the path of what
    the run was trained on: some of its training pictures give the ranges, others check them.

    ``calibrate``: path of a data set of the training data's kind. One temperature (Guo et al. 2017)
    is fitted on its ``calibrate_split``, which the model must not have been trained on; ``None``:
    the part ``valid`` that the recipe held back from training. The result's ``notes`` say what
    speaks against another split. The spec's ``scores`` are then measured there with the file
    itself: ``<split>_accuracy``, ``<split>_nll``, ``<split>_ece``, both before calibration
    (``<split>_ece_uncalibrated``), and ECE with temperatures fitted on one half and measured on the
    other (``<split>_ece_crossfit``).

    ``calibrate_run``: another run of the same recipe that held a part back, for a model that
    learned from all pictures: the temperature is the one that fits that run on that part. Then
    there are no ``scores``.

    ``temperature``, from 0.01 to 100, is one that is known already; it excludes ``calibrate``.

    ``framing`` overrides values of the training data's framing (``mien.preprocess.framing``);
    ``name`` defaults to the recipe's; ``card`` adds or replaces facts for people.

    Raises ``ModelError`` if the file does not compute what PyTorch does, ``ModelFileError``,
    ``ConfigError``, ``DatasetError``, ``OutputError``.
    """
    check_writable(Path(out))
    net, config, state = load_classifier_run(run)
    spec = spec_of(net, config, state)
    spec = replace(add_choices(spec, weights, name, licence, card), **(framing or {}))
    if (weights == "int8") != (data is not None):
        raise ConfigError(
            "--weights int8 and --data PATH, the data that the run was trained on, come together"
        )
    split, notes = None, tuple[str, ...]()
    if temperature is not None:
        spec = _with_temperature(spec, temperature, calibrate is None and calibrate_run is None)
    if calibrate is not None:
        dataset = open_dataset(calibrate, config.dataset, config.dataset_options, wants="crops")
        if calibrate_run is not None:
            spec, notes = with_temperature_of(
                spec, config, Path(calibrate_run), dataset, calibrate_split
            )
        else:
            split = calibration_split(dataset, calibrate_split, config, spec, Path(run))
            notes = split.notes
    elif calibrate_run is not None:
        raise ConfigError(
            "--calibrate-run needs --calibrate PATH, the data set whose pictures that run held back"
        )

    model = to_onnx(net, spec)
    if weights == "float16":
        store_float16(model)
    agreement = None
    if data is not None:
        check_finite(net, run)
        if not any(node.op_type == "Conv" for node in model.graph.node):
            raise ConfigError(
                f"{run} has no convolutions, and --weights int8 is for these: use float16"
            )
        x = training_views(data, config, spec.labels, 2 * RANGE_PICTURES).contiguous()
        model = quantized(model, x[::2].numpy())
        agreement = _agreement(model, net, x[1::2] if len(x) > 1 else x)
    crops = list(made_up_crops()) + ([] if split is None else [s.image for s in split.samples])
    file = open_model(with_spec(model, spec), OnnxClassifier)
    affect_difference = None
    if spec.affect:
        logits, affect = file.logits_affect(crops)
        expected, expected_affect = torch_affect(net, spec, crops)
        affect_difference = _check(affect, expected_affect, weights, False)
    else:
        logits, expected = file.logits(crops), torch_logits(net, spec, crops)
    difference = _check(logits, expected, weights, isinstance(net, Fitted))
    if split is not None:
        labels = np.array([sample.label for sample in split.samples], np.int64)
        spec = calibrated(spec, logits[-len(labels) :], labels, split.name)
        spec = replace(spec, card={**spec.card, "calibration_part": split.part})

    file_bytes = with_spec(model, spec, vectors_of(net))
    write_whole(Path(out), file_bytes)
    return ExportedClassifier(
        Path(out), spec, len(file_bytes), difference, affect_difference, agreement, notes
    )


def _with_temperature(spec: ModelSpec, temperature: float, alone: bool) -> ModelSpec:
    if not alone:
        raise ConfigError("--temperature gives what --calibrate would find: give one of them")
    low, high = TEMPERATURES
    if not low <= temperature <= high:
        raise ConfigError(f"--temperature must be from {low:g} to {high:g}, got {temperature:g}")
    card = {**spec.card, "calibration": "none, the temperature was given"}
    return replace(spec, temperature=temperature, card=card)


def spec_of(net: Network, config: ClassifierConfig, state: Mapping[str, Any]) -> ModelSpec:
    """What is known of a run's network; it has no scores, which calibration measures."""
    spec = add_training_facts(
        input_spec(config, tuple(state["labels"])),
        net, config, state, intended_use=INTENDED_USE, limits=LIMITS,
    )  # fmt: skip
    origin = state.get("facts", {}).get("data") or config.dataset
    return replace(
        spec,
        trained_on=spec.trained_on + (", with FER+ votes" if state["ferplus"] else ""),
        licence=LICENCES.get(origin, spec.licence),
        affect=net.affect is not None,
        **run_framing(config, state),
    )


def to_onnx(net: Network, spec: ModelSpec) -> ModelProto:
    """The graph of ``net`` in opset 18, for batches of any size.

    PyTorch's exporter folds batch normalisation into the convolutions before it. Raises
    ``ModelError`` if it cannot trace the network.
    """
    example = torch.zeros(2, spec.channels, spec.input_size, spec.input_size)  # (N, C, S, S)
    batch = {0: torch.export.Dim("batch")}
    if net.affect is None:
        return traced(net, example, batch, ["input"], ["logits"])
    return traced(_WithAffect(net).eval(), example, batch, ["input"], ["logits", AFFECT])


class _WithAffect(nn.Module):
    """A network whose outputs are logits, and valence and arousal."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.net.with_affect(x)


def made_up_crops(count: int = 16, side: int = 96) -> NDArray[np.uint8]:
    """(count, side, side, 3) uint8 pictures with smooth light and fine grain, like photos."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (count, 6, 6, 3)).astype(np.float32)
    smooth = [cv2.resize(c, (side, side), interpolation=cv2.INTER_CUBIC) for c in coarse]
    grain = rng.normal(0, 8, (count, side, side, 3))
    return np.clip(np.stack(smooth) + grain, 0, 255).astype(np.uint8)


def _agreement(model: ModelProto, net: Network, x: Tensor) -> float:
    """Share of the inputs ``x`` (N, C, S, S) with the same first answer from both.

    Raises ``ModelError`` if it is below ``LEAST_AGREEMENT``.
    """
    session = Session(model.SerializeToString(), threads=None)

    def file_logits(part: Tensor) -> Tensor:
        return torch.from_numpy(session.run(["logits"], {"input": part.numpy()})[0])

    same = in_parts([file_logits], x).argmax(1) == in_parts([net], x).argmax(1)  # (N,)
    share = float(same.float().mean())
    if share < LEAST_AGREEMENT:
        raise ModelError(
            f"8 bits change the first answer for {1 - share:.0%} of {len(x)} training pictures, "
            f"more than {1 - LEAST_AGREEMENT:.0%}: nothing was written; use --weights float16"
        )
    return share


def _check(
    got: NDArray[np.float32], expected: NDArray[np.float32], weights: Weights, jumps: bool
) -> float:
    """The largest difference of (N, K) outputs. Raises ``ModelError`` if it is too large.

    ``jumps``: of a nearest-neighbour network, rounding may swap neighbours at equal distances, so
    one picture in a hundred may have other logits.
    """
    by_picture = np.abs(got - expected).max(1)  # (N,)
    difference = float(np.quantile(by_picture, 0.99 if jumps else 1.0, method="lower"))
    allowed = TOLERANCE[weights] * max(1.0, float(np.abs(expected).max()))
    if not difference <= allowed:  # NaN counts as too large
        raise ModelError(
            f"the exported graph differs from PyTorch's outputs by {difference:.2g}, more than "
            f"{allowed:.2g}: nothing was written; try --weights float32 or another PyTorch"
        )
    return difference
