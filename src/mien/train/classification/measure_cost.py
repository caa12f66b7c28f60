"""Measures what a trained network costs: parameters, multiply-adds, time for a face, megabytes."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mien.classifiers.base import Classifier
from mien.classifiers.onnx import OnnxClassifier
from mien.errors import MienError
from mien.evaluation.classification.cost import Cost
from mien.registry import architectures
from mien.runtime import processor
from mien.specs.classifier import ModelSpec
from mien.train.classification.classifier import load_classifier_run
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.export import export_classifier, made_up_crops
from mien.train.classification.models.fitted import Fitted
from mien.train.classification.spec import input_spec

SECONDS = 2.0
"""How long faces are timed; the median of many calls ignores a busy moment."""


def run_cost(run: str | Path, onnx: str | Path | None = None) -> Cost:
    """Costs of a run's network, which is exported to the file ``onnx`` (default: a temporary one).

    The file stores its weights as float16, as ``mien export`` does. If the network cannot be
    exported, ``note`` says why and the costs that need the file are ``None``.
    """
    net, config, state = load_classifier_run(run)
    cost = network_cost(net, input_spec(config, tuple(state["labels"])))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(onnx) if onnx is not None else Path(folder) / "model.onnx"
        try:
            export_classifier(run, path, weights="float16")
        except MienError as error:
            return replace(cost, note=str(error))
        return _with_file(cost, path)


def file_cost(path: str | Path) -> Cost:
    """Costs of an ONNX file; parameters and MACs are ``None`` where its card does not tell them.

    ``note`` then says why: the card has no recipe, or the network stores training pictures.
    """
    spec = OnnxClassifier(path, threads=1).spec
    recipe = spec.card.get("recipe")
    cost = Cost(note="no recipe in the file's card: parameters and MACs are not known")
    if isinstance(recipe, dict):
        config = ClassifierConfig.from_dict(recipe, where=str(path))
        net = architectures.get(config.architecture)(config, len(spec.labels))
        if isinstance(net, Fitted):  # the recipe does not say how many pictures it stores
            cost = Cost(note="parameters and MACs are known only from its run")
        else:
            cost = network_cost(net.eval(), spec)
    return _with_file(cost, Path(path))


def network_cost(net: nn.Module, spec: ModelSpec) -> Cost:
    """Parameters of ``net``, and the multiply-adds for one (C, S, S) input.

    PyTorch counts a multiply-add as two operations, and only convolutions and matrix products;
    normalisation and activations are negligible.
    """
    example = torch.zeros(1, spec.channels, spec.input_size, spec.input_size)  # (1, C, S, S)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(example)
    return Cost(
        parameters=sum(p.numel() for p in net.parameters()),
        macs=counter.get_total_flops() // 2,
    )


def ms_per_face(classifier: Classifier, seconds: float = SECONDS) -> float:
    """Median milliseconds of one call with one 96×96 crop, its preparation included."""
    crop = list(made_up_crops(1))
    for _ in range(5):
        classifier.logits(crop)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 20:
        began = time.perf_counter()
        classifier.logits(crop)
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1000


def _with_file(cost: Cost, path: Path) -> Cost:
    return replace(
        cost,
        ms_per_face=round(ms_per_face(OnnxClassifier(path, threads=1)), 4),
        megabytes=round(path.stat().st_size / 1e6, 3),
        hardware=processor(),
    )
