"""Which of the measured pictures a model was trained, selected or calibrated on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mien.datasets.base import Dataset, SceneDataset
from mien.datasets.detected import DetectedFaces
from mien.datasets.division import PARTS
from mien.datasets.opening import open_dataset
from mien.datasets.splits import resplit
from mien.errors import DatasetError
from mien.evaluation.classification.corrupted_answers import CorruptedAnswers
from mien.evaluation.detection.answers import Detections
from mien.evaluation.kept_answers import Answers
from mien.preprocess.framing import Framing
from mien.subjects.base import Subject
from mien.subjects.measured_data import MeasuredData, division_of

SAME_PICTURES = {"fer2013", "ferplus"}
"""Readers that give the same pictures by the same keys, each with its own labels."""

_ALIKE = 0.1  # of a box's side, by which two framings may differ


class TrainingData:
    """The data of a model's recipe, as far as it lies in the measured data."""

    def __init__(self, subject: Subject[Any, Any], data: MeasuredData) -> None:
        self._subject, self._data = subject, data
        self._reader = subject.recipe.get("dataset", "")
        self._division = division_of(subject.recipe)
        self._same_reader = bool(subject.recipe) and self._reader == data.reader
        self._same_division = self._division == data.division or (
            self._division[0] == data.division[0] == "official"
        )
        self._whole: Dataset | SceneDataset | None = None
        self._divided: Dataset | SceneDataset | None = None
        try:
            self._find(data)
        except DatasetError:  # this copy lacks what that reader or that division needs
            self._divided = None

    def _find(self, data: MeasuredData) -> None:
        recipe = self._subject.recipe
        if self._same_reader:
            self._whole = data.whole
        elif recipe and {self._reader, data.reader} == SAME_PICTURES:
            self._whole = open_dataset(data.path, self._reader, recipe.get("dataset_options", ()))
        else:
            return
        same = self._same_reader and self._same_division
        divided = data.divided if same else resplit(self._whole, *self._division)
        self._divided = divided if self._subject.recognises(divided) else None

    @property
    def is_measured(self) -> bool:
        """Whether the measured data is the training data, divided in the same way."""
        return self._divided is not None and self._same_reader and self._same_division

    def warnings(self, answers: Answers) -> list[str]:
        """What is missing from the figures or flatters them, one sentence each."""
        card, model = self._subject.card, f"the {self._subject.kind}"
        found = [*_unreadable(answers), *_without_face(answers), *self._framed_otherwise()]
        if trained := self._part(answers, self._subject.recipe.get("train_split")):
            found.append(f"{model} was trained on {trained}: these figures flatter it")
        elif selected := self._part(answers, card.get("selected_on")):
            found.append(
                f"the epoch of {model} was selected on {selected}: these figures flatter it; "
                "report another split"
            )
        text = "" if isinstance(answers, CorruptedAnswers) else str(card.get("calibration", ""))
        calibration = re.match(r"split (.+) \(", text)
        if calibration and (fitted := self._part(answers, calibration[1])):
            found.append(
                f"the temperature of {model} was fitted on {fitted}: this flatters ECE and NLL and "
                "changes no answer"
            )
        return found

    def _framed_otherwise(self) -> list[str]:
        """A warning if the measured crops were cut otherwise than the model's own."""
        facts, subject = self._data.whole.facts, self._subject
        if facts.framing is None or isinstance(self._data.whole, DetectedFaces):  # cut as it asks
            return []
        own, cut = subject.framing, facts.framing
        if own is None or _are_alike(own, cut):
            return []
        return [
            f"these crops were cut with {_framing_text(cut)}, and the classifier expects "
            f"{_framing_text(own)}: cut them anew with 'mien data crop', or measure on the photos "
            "with detect=yes"
        ]

    def _part(self, answers: Answers, split: str | None) -> str:
        """Which answered pictures are in ``split`` of the training data, in words; empty: none."""
        if self._whole is None or self._divided is None or split is None:
            return ""
        known = set(answers.keys)
        how, source, _ = self._division
        try:
            # Finding a part decodes its source: skip that if no answered picture is in the source.
            if (
                how != "official"
                and split in PARTS
                and known.isdisjoint(_keys(self._whole, source))
            ):
                return ""
            if split not in self._divided.splits():
                return ""
            count = sum(key in known for key in _keys(self._divided, split))
        except DatasetError:
            return ""
        if count == len(answers.keys):
            return f"split {answers.split!r}"
        return f"{count:,} of these {len(answers.keys):,} pictures" if count else ""


def _are_alike(one: Framing, other: Framing) -> bool:
    """Whether two framings show about the same of a face."""
    pairs = zip((one["margin"], *one["offset"]), (other["margin"], *other["offset"]), strict=True)
    return one["align"] == other["align"] and all(abs(a - b) < _ALIKE for a, b in pairs)


def _framing_text(framing: Framing) -> str:
    x, y = framing["offset"]
    turned = ", turned upright" if framing["align"] else ""
    return f"margin {framing['margin']:g}, offset {x:g},{y:g}{turned}"


def _unreadable(answers: Answers) -> list[str]:
    """A warning if pictures could not be read."""
    skipped, read = len(answers.skipped), len(answers.keys)
    if not skipped:
        return []
    return [
        f"{skipped:,} of {skipped + read:,} pictures could not be read and are left out of all "
        f"figures, such as {answers.skipped[0]}"
    ]


def _without_face(answers: Answers) -> list[str]:
    """A warning if no face was found in some photos."""
    if isinstance(answers, Detections) or not answers.no_face:
        return []
    count, total = len(answers.no_face), len(answers.no_face) + len(answers.keys)
    return [
        f"no face was found in {count:,} of {total:,} photos, such as {answers.no_face[0]}: they "
        "count as wrong, and a second figure leaves them out"
    ]


def _keys(dataset: Any, split: str) -> Iterable[str]:
    items = dataset.scenes if isinstance(dataset, SceneDataset) else dataset.samples
    return (item.key for item in items(split))
