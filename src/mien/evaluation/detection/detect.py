"""Run a detector on every picture of a split, and time it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.base import SceneDataset, check_split
from mien.datasets.samples import Pixels
from mien.datasets.scene import Scene
from mien.datasets.splits import at_random
from mien.detectors.base import Detector, check_faces
from mien.evaluation.detection.answers import Answer, Detections
from mien.evaluation.split_pictures import Progress, check_any_read, read_or_skip
from mien.runtime import processor, usable_cores


def detect_all(
    detector: Detector,
    dataset: SceneDataset,
    split: str,
    *,
    threshold: float = 0.0,
    asked_from: float | None = None,
    name: str | None = None,
    facts: Mapping[str, Any] | None = None,
    limit: int | None = None,
    on_progress: Progress | None = None,
) -> Detections:
    """What ``detector`` answers to every picture of ``split``, or to ``limit`` of them.

    Those are drawn at random with the seed 0, so they are the same for every detector.

    Precision-recall curves need boxes of low scores: ``asked_from`` is the score from which boxes
    are kept (default: the detector's own threshold), ``threshold`` the one from which a box counts
    as a face in use. ``name`` is its display name (default: ``detector.facts.name``). ``facts`` are
    added to those measured here: ``processor``, ``cores``, ``memory_mib`` and ``peak_mib`` (see
    ``peak_mib``).

    One picture is in memory at a time. Only ``detect`` is timed; before that it gets the first
    picture once, untimed. A picture that cannot be read is listed in ``skipped``; an error of the
    detector is raised. Raises ``DatasetError`` for a missing split or one without a readable
    picture, and ``InputError`` for boxes or scores that are not finite.
    """
    check_split(dataset, split)
    scenes = list(dataset.scenes(split))
    scenes = [scenes[index] for index in at_random([0] * len(scenes), limit)]
    answers: list[Answer] = []
    skipped: list[str] = []
    before = peak_mib()
    for done, scene in enumerate(scenes, 1):
        image = read_or_skip(scene, skipped)
        if image is not None:
            if not answers:
                detector.detect(image, asked_from)
            answers.append(_answer(detector, scene, image, asked_from))
        if on_progress:
            on_progress(done, len(scenes))
    check_any_read(split, len(answers), skipped)
    after = peak_mib()
    known = {
        "processor": processor(),
        "cores": usable_cores(),
        "memory_mib": None if before is None or after is None else round(after - before, 1),
        "peak_mib": None if after is None else round(after, 1),
    }
    return Detections(
        detector=name or detector.facts.name,
        dataset=dataset.facts.name,
        split=split,
        answers=tuple(answers),
        skipped=tuple(skipped),
        threshold=threshold,
        facts={**known, **(facts or {})},
    )


def _answer(detector: Detector, scene: Scene, image: Pixels, asked_from: float | None) -> Answer:
    began = time.perf_counter()
    faces = detector.detect(image, asked_from)
    ms = (time.perf_counter() - began) * 1000
    check_faces(detector.facts.name, faces, scene.key)
    scores = np.array([face.score for face in faces], np.float32)
    order = np.argsort(-scores, kind="stable")  # a third party's detector may not sort them
    boxes = np.array([face.box.to_list() for face in faces], np.float32).reshape(-1, 4)
    return Answer(
        key=scene.key,
        width=image.shape[1],
        height=image.shape[0],
        truth=scene.boxes.astype(np.float32).reshape(-1, 4),
        ignored=np.asarray(scene.ignored, bool),
        subsets={name: np.asarray(member, bool) for name, member in scene.subsets.items()},
        boxes=boxes[order],
        scores=scores[order],
        ms=ms,
    )


def peak_mib() -> float | None:
    """Peak resident memory of this process so far, in MiB; ``None`` if the system has no figure.

    The growth during a measurement is what detection and one decoded picture need beyond the loaded
    model, unless something earlier in the process needed more; then it is less, down to 0.
    """
    with suppress(OSError, ValueError, IndexError):
        # Linux: getrusage would include the peak of the process that started this one.
        status = Path("/proc/self/status").read_text("utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)
