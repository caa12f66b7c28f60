"""The split that a temperature is fitted on, the fit, and what it measures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.classifiers.probabilities import softmax
from mien.datasets.base import Dataset
from mien.datasets.detected import framed
from mien.datasets.files.decoding import decoded
from mien.datasets.samples import Sample
from mien.datasets.splits import resplit
from mien.errors import ConfigError, DatasetError, NoFaceError
from mien.evaluation import metrics
from mien.evaluation.kept_answers import predictions_path
from mien.specs.classifier import ModelSpec
from mien.train.classification.classifier import load_classifier_run, torch_logits
from mien.train.classification.config import ClassifierConfig
from mien.train.classification.spec import input_spec

MIN_PICTURES = 50
"""A temperature fitted on fewer says little about the model."""
HELD_BACK = "valid"
"""The part of a divided training split that a model is not trained on."""
DIVISION = ("name", "description", "splits", "splits_from", "splits_seed", "valid_split", "seed")
"""Keys in which a run that holds a part back may differ from one that does not."""


@dataclass(frozen=True, slots=True)
class CalibrationSplit:
    """Pictures to fit a temperature on."""

    name: str
    samples: list[Sample]
    part: str
    """What the split is, for the model's card."""
    notes: tuple[str, ...]
    """Why figures of this split flatter the model more than a held-back part does; a sentence
    each."""


def calibration_split(
    dataset: Dataset,
    name: str | None,
    config: ClassifierConfig,
    spec: ModelSpec,
    run: Path,
) -> CalibrationSplit:
    """The split ``name`` of ``dataset``, divided as the run's recipe says.

    ``None``: the part ``valid`` that the recipe held back from training. Raises ``ConfigError`` if
    there is no such part, for the split trained on, for labels other than
    those of ``spec`` and for few pictures.
    """
    divides = config.splits != "official"
    if name is None:
        if not divides or config.train_split == HELD_BACK:
            raise ConfigError(
                "this run held back no part of its training pictures to fit a temperature on: "
                f"train with --set splits=random:90/10 --set valid_split={HELD_BACK}, or name a "
                "split that you do not report with --calibrate-split"
            )
        name = HELD_BACK
    if name == config.train_split:
        raise ConfigError(f"the model was trained on the split {name!r}: calibrate on another one")
    divided = resplit(dataset, config.splits, config.splits_from, config.splits_seed)
    if divided.facts.labels != spec.labels:
        raise ConfigError(
            f"the calibration data has the labels {', '.join(divided.facts.labels)}, the model "
            f"{', '.join(spec.labels)}: both must have the same labels in the same order"
        )
    samples = list(_with_face(divided.samples(name), spec))
    if len(samples) < MIN_PICTURES:
        raise ConfigError(
            f"split {name!r} has {len(samples)} pictures, too few to calibrate on "
            f"({MIN_PICTURES} or more): choose another split, or leave --calibrate out"
        )
    held_back = divides and name == HELD_BACK
    part = f"held back from training ({config.splits})" if held_back else "not held back"
    return CalibrationSplit(name, samples, part, tuple(_notes(name, held_back, config, run)))


def calibrated(
    spec: ModelSpec, logits: NDArray[np.float32], labels: NDArray[np.int64], split: str
) -> ModelSpec:
    """``spec`` with a temperature fitted on (N, K) ``logits``, and the scores it reaches."""
    temperature = round(metrics.fit_temperature(logits, labels), 4)
    probs, plain = softmax(logits / np.float32(temperature)), softmax(logits)
    held_out = np.empty_like(probs)
    halves = np.random.default_rng(0).permutation(len(labels)) % 2 == 0
    for half in (halves, ~halves):
        fitted = metrics.fit_temperature(logits[~half], labels[~half])
        held_out[half] = softmax(logits[half] / np.float32(fitted))
    scores = {
        "accuracy": float((probs.argmax(1) == labels).mean()),
        "nll": metrics.nll(probs, labels),
        "nll_uncalibrated": metrics.nll(plain, labels),
        "ece": metrics.ece(probs, labels),
        "ece_uncalibrated": metrics.ece(plain, labels),
        "ece_crossfit": metrics.ece(held_out, labels),
    }
    return replace(
        spec,
        temperature=temperature,
        scores={**spec.scores, **{f"{split}_{k}": round(v, 5) for k, v in scores.items()}},
        card={**spec.card, "calibration": f"split {split} ({len(labels)} pictures)"},
    )


def with_temperature_of(
    spec: ModelSpec,
    config: ClassifierConfig,
    run: Path,
    dataset: Dataset,
    split: str | None = None,
) -> tuple[ModelSpec, tuple[str, ...]]:
    """``spec`` with the temperature of ``run``, fitted on the part that it held back, and notes.

    For a model that learned from all pictures: another run of its recipe, trained with
    ``splits = "random:90/10"``, has a tenth to fit on that it never saw. The card says so. A note
    names the keys in which the recipes differ. Raises what ``calibration_split`` raises.
    """
    net, its_config, state = load_classifier_run(run)
    its_spec = input_spec(its_config, tuple(state["labels"]))
    if its_spec.labels != spec.labels:
        raise ConfigError(
            f"{run} has the labels {', '.join(its_spec.labels)}, the model "
            f"{', '.join(spec.labels)}: its temperature is of use only for the same labels"
        )
    found = calibration_split(dataset, split, its_config, its_spec, run)
    labels = np.array([sample.label for sample in found.samples], np.int64)
    logits = torch_logits(net, its_spec, [sample.image for sample in found.samples])
    fitted = calibrated(its_spec, logits, labels, found.name)
    ece, plain = (fitted.scores[f"{found.name}_ece{end}"] for end in ("", "_uncalibrated"))
    card = {
        **spec.card,
        "calibration": fitted.card["calibration"],
        "calibration_part": f"{found.part}, by another run of the recipe ({its_config.epochs} "
        f"epochs), which has there an ECE of {ece:.2%}, uncalibrated {plain:.2%}",
    }
    notes = found.notes
    mine, its = config.to_dict(), its_config.to_dict()
    if differ := [key for key in mine if mine[key] != its[key] and key not in DIVISION]:
        notes += (f"the recipe of {run} has other values of {', '.join(differ)}",)
    return replace(spec, temperature=fitted.temperature, card=card), notes


def _with_face(samples: Iterable[Sample], spec: ModelSpec) -> Iterator[Sample]:
    """Decoded samples, without photos in which no face is found."""
    for sample, image in decoded(framed(sample, spec) for sample in samples):
        if isinstance(image, NoFaceError):
            continue
        if isinstance(image, DatasetError):
            raise image
        yield replace(sample, pixels=image)


def _notes(name: str, held_back: bool, config: ClassifierConfig, run: Path) -> Iterator[str]:
    if not held_back:
        yield (
            f"the temperature is fitted on split {name!r}, which training did not hold back: "
            "figures of that split flatter ECE and NLL; report another one, or leave "
            "--calibrate-split out for a run with splits=random:90/10"
        )
    if config.patience and name == config.valid_split:
        yield (
            f"split {name!r} also chose the epoch: the model is a little surer there than on new "
            "pictures"
        )
    paths = [predictions_path(run, name, tta) for tta in (False, True)]
    if any(path.is_file() for path in paths):
        yield (
            f"the run was measured on split {name!r} before: do not report those figures beside "
            "this temperature, which is fitted there"
        )
