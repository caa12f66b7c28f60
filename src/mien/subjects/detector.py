"""A face detector that is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast

from mien.datasets.base import AnyDataset, SceneDataset
from mien.datasets.scene import box_fingerprint
from mien.datasets.splits import at_random
from mien.detectors.base import Detector
from mien.detectors.load import load_detector
from mien.detectors.onnx import OnnxDetector
from mien.errors import MienError
from mien.evaluation.detection.answers import Detections
from mien.evaluation.detection.detect import detect_all
from mien.evaluation.detection.measures import DetectionScores, measure
from mien.evaluation.kept_answers import detections_path
from mien.evaluation.split_pictures import Progress
from mien.extras import require_extra
from mien.options import arguments
from mien.subjects.base import Settings, Subject, refuse_device
from mien.subjects.measured_data import MeasuredData
from mien.subjects.source import Kind, Source

ASKED_FROM = 0.05
"""Score from which boxes are asked for, so that curves are whole; the detector's threshold decides
later which of them count."""


@dataclass(frozen=True, slots=True)
class DetectorSubject(Subject[Detections, DetectionScores]):
    """A loaded face detector."""

    detector: Detector
    kind: ClassVar[Kind] = "detector"

    @classmethod
    def open(cls, source: Source, settings: Settings) -> DetectorSubject:
        """A registered detector, an ONNX file or a training run, with the detector's options."""
        return cls(source, settings, _load(source, settings))

    @property
    def card(self) -> Mapping[str, Any]:
        """The card in its facts."""
        return self.detector.facts.card

    @property
    def threshold(self) -> float:
        """Score from which a box counts as a face."""
        own = self.settings.threshold
        return self.detector.score_threshold if own is None else own

    def answer(
        self, data: MeasuredData, split: str, on_progress: Progress | None = None
    ) -> Detections:
        """Detect the faces of every picture of ``split``, or of ``limit`` of them."""
        asked_from = min(ASKED_FROM, self.threshold, self.detector.score_threshold)
        facts: dict[str, Any] = {
            "source": self.source.text,
            "settings": list(self.settings.detector_options),
        }
        if self.settings.threads is not None:
            facts["threads"] = self.settings.threads
        if self.settings.device is not None:
            facts["device"] = self.settings.device
        found = detect_all(
            self.detector,
            data.scenes,
            split,
            threshold=self.threshold,
            asked_from=asked_from,
            facts={**facts, "asked_from": asked_from},
            limit=self.settings.limit,
            on_progress=on_progress,
        )
        return replace(found, dataset=data.name)

    def measure(self, answers: Detections) -> DetectionScores:
        """AP, recall, wrong boxes and the like."""
        return measure(answers)

    def recognises(self, divided: AnyDataset) -> bool:
        """Whether the fingerprint of the training pictures, if the card has one, is the same."""
        known = self.card.get("fingerprint")
        if known is None:
            return True
        try:
            scenes = list(cast(SceneDataset, divided).scenes(self.recipe["train_split"]))
            limit, seed = self.recipe["limit"], self.recipe.get("seed", 0)
            drawn = [scenes[index] for index in at_random([0] * len(scenes), limit, seed)]
            # Version 0.1.0 took the first ones.
            return known in (box_fingerprint(drawn), box_fingerprint(scenes[:limit]))
        except (MienError, KeyError):  # the data lacks the split, or the recipe a key
            return False

    @staticmethod
    def kept_path(run: Path, split: str, settings: Settings) -> Path | None:
        """``detections/SPLIT.npz`` in the run's folder; ``None`` with options that change boxes."""
        changed = settings.detector_options or settings.threshold is not None or settings.limit
        return None if changed else detections_path(run, split)


def _load(source: Source, settings: Settings) -> Detector:
    options, threads = settings.detector_options, settings.threads
    where = f"detector {source.text!r}"
    if source.form == "run":
        require_extra("train", f"the training run {source.text}")
        refuse_device(source, settings)
        import torch

        from mien.train.detection.detector import TorchDetector

        if threads is not None:
            torch.set_num_threads(threads)
        values = arguments(TorchDetector, options, where, without=["run"])
        return TorchDetector(source.text, **values)
    if source.session is not None:
        values = arguments(OnnxDetector, options, where, without=["model"])
        if not {"threads", "device"} & values.keys():  # else the file must be opened anew
            return OnnxDetector.from_session(source.text, source.session, **values)
    return load_detector(source.text, threads=threads, options=options, device=settings.device)
