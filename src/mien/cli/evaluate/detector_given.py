"""A face detector that a command is given, what it is asked for, and what must be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mien.cli.evaluate.data import Data, part, unreadable
from mien.cli.evaluate.kind import is_run

if TYPE_CHECKING:
    from mien.datasets.base import SceneDataset
    from mien.detectors.base import Detector
    from mien.evaluation.detection.answers import Detections

ASKED_FROM = 0.05
"""Score from which boxes are asked for, so that curves are whole; faces are told at a higher one,
at which the detector is used."""


@dataclass(frozen=True, slots=True)
class Given:
    """A detector, and the training run that it comes from, if any."""

    detector: Detector
    """Asked for boxes of low scores, where it has a threshold."""
    source: str
    """As it was given."""
    is_run: bool
    threshold: float
    """The score at which it is used."""
    options: tuple[str, ...]
    """Each ``key=value``, as given."""
    threads: int | None
    usual: bool
    """Whether it is as it comes, with no option or threshold given."""
    reader: ClassVar[str] = "coco"
    wants_scenes: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """What people call it."""
        return self.detector.facts.name

    @property
    def _card(self) -> Mapping[str, Any]:
        card: Mapping[str, Any] = getattr(getattr(self.detector, "spec", None), "card", {})
        return card

    @property
    def recipe(self) -> Mapping[str, Any]:
        """What its card says of its training; may be empty."""
        recipe = self._card.get("recipe", {})
        return recipe if isinstance(recipe, Mapping) else {}

    def may_know(self, dataset: SceneDataset) -> bool:
        """Whether what it learned from lies here, as far as its card tells."""
        from mien.datasets.scene import box_fingerprint
        from mien.datasets.splits import resplit
        from mien.errors import MienError

        known, own = self._card.get("fingerprint"), self.recipe
        if known is None:
            return True
        try:
            divided = resplit(dataset, own["splits"], own["splits_from"], own["splits_seed"])
            scenes = islice(divided.scenes(own["train_split"]), own["limit"])
            return bool(box_fingerprint(scenes) == known)
        except (MienError, KeyError):  # it lacks the split, or the card a key
            return False

    @property
    def folder(self) -> Path | None:
        """The run's folder, where that was given."""
        path = Path(self.source)
        return path if self.is_run and path.is_dir() else None

    @property
    def facts(self) -> dict[str, Any]:
        """What is kept with its answers, JSON-ready."""
        facts: dict[str, Any] = {"source": self.source, "settings": list(self.options)}
        if self.threads is not None:
            facts["threads"] = self.threads
        facts["asked_from"] = used_at(self.detector)
        return facts


def load(
    source: str, options: Sequence[str], threads: int | None, threshold: float | None
) -> Given:
    """A registered detector, an ONNX file or a training run, asked for boxes of low scores.

    ``threshold`` is the score at which it is used; by default its own.
    """
    detector = _make(source, options, threads)
    used = used_at(detector) if threshold is None else threshold
    lower = _asking(detector, min(ASKED_FROM, used))
    if lower is not None:
        del detector  # two of them might not fit into memory
        detector = _make(source, [*options, lower], threads)
    usual = not options and threshold is None
    return Given(detector, source, is_run(source), used, tuple(options), threads, usual)


def used_at(detector: Detector) -> float:
    """The score from which the detector gives boxes; 0 for one without such a setting."""
    score = getattr(detector, "score_threshold", None)
    if score is None:  # a cascade has one for each step, and boxes bear the last one's score
        score = (getattr(detector, "thresholds", None) or (0.0,))[-1]
    return float(score)


def _asking(detector: Detector, score: float) -> str | None:
    """The option that makes such a detector give boxes from ``score`` on, or ``None``."""
    if used_at(detector) <= score:
        return None
    if getattr(detector, "score_threshold", None) is not None:
        return f"score_threshold={score}"
    steps = [*detector.thresholds[:-1], score]  # type: ignore[attr-defined]
    return "thresholds=" + ",".join(str(step) for step in steps)


def _make(source: str, options: Sequence[str], threads: int | None) -> Detector:
    from mien.detectors.load import checked, load_detector, parameters, read_options

    if not is_run(source):
        return load_detector(source, threads=threads, options=options)
    from mien.extras import require_extra

    require_extra("train", f"the training run {source}")
    import torch

    from mien.train.detection.detector import TorchDetector

    if threads is not None:
        torch.set_num_threads(threads)
    taken = parameters(TorchDetector)
    del taken["run"]
    return TorchDetector(source, **checked(source, read_options(options), taken))


def ask(given: Given, data: Data, split: str, limit: int | None) -> Detections:
    """What it answers to the pictures of ``split``, or the first ``limit`` of them, with a bar."""
    from mien.cli.support.progress import meter
    from mien.evaluation.detection.detect import detect_all

    with meter() as on_progress:
        found = detect_all(
            given.detector, data.dataset, split, threshold=given.threshold, name=given.name,
            facts=given.facts, limit=limit, on_progress=on_progress,
        )  # fmt: skip
    return replace(found, dataset=data.called)


def warnings(given: Given, data: Data, found: Detections) -> list[str]:
    """What flatters the figures or is missing from them, one sentence each."""
    said = unreadable(found.skipped, len(found))
    keys = [answer.key for answer in found.answers]
    learned = part(given, data, keys, found.split, given.recipe.get("train_split"))
    if learned:
        said.append(f"the detector has learned from {learned}: these figures flatter it")
    return said


def only_split(data: Data, split: str | None) -> str:
    """``split``, or where it is not given the only one there is; ``ConfigError`` where there are
    several.
    """
    from mien.errors import ConfigError

    held = data.dataset.splits()
    if split is None and len(held) != 1:
        raise ConfigError(f"--split is missing: this data has {', '.join(held) or 'none'}")
    return split or held[0]
