"""What the detectors of a comparison answer: saved before, or asked now, on the same pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from mien.cli.evaluate.detector_given import Given
    from mien.datasets.base import SceneDataset
    from mien.evaluation.detection.answers import Detections


@dataclass(frozen=True, slots=True)
class Asked:
    """All that a comparison is made of."""

    answers: dict[str, Detections]
    """By the name in the comparison."""
    warnings: list[str]
    dataset: SceneDataset | None
    """Where the pictures can be taken from."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the data is read: as the recipe of a run says, else in its official form."""

    source: str
    is_run: bool
    recipe: Mapping[str, Any]
    reader: ClassVar[str] = "coco"
    wants_scenes: ClassVar[bool] = True

    def may_know(self, dataset: SceneDataset) -> bool:
        """Each run tells for itself what it has learned from."""
        return True


def gather(
    names: Mapping[str, str],
    data: str | None,
    split: str | None,
    dataset: str | None,
    options: Sequence[str],
    threads: int | None,
    limit: int | None,
) -> Asked:
    """The answers of everybody in ``names`` (argument → name).

    Files of answers are read; a run's kept answers too, where nothing that changes them is asked
    for; the others are asked on one data set, divided as the first run's recipe says. Raises
    ``ConfigError`` where that needs ``data``, ``InputError`` where the answers do not compare.
    """
    from mien.cli.evaluate.data import open_data
    from mien.cli.evaluate.detector_given import ask, load, only_split, warnings
    from mien.errors import ConfigError
    from mien.evaluation.detection.answers import Detections
    from mien.evaluation.detection.comparison import check_comparable

    own = options_of(options, names)
    saved = {run: Detections.load(run) for run in names if run.lower().endswith(".npz")}
    split = split or next((found.split for found in saved.values()), None)
    reading = _reading(names)
    opened = None if data is None else open_data(reading, data, dataset, (), None)
    if opened is not None:
        split = only_split(opened, split)
    if split is not None and limit is None:
        saved.update(_kept([run for run in names if run not in saved and not own[run]], split))
    without = [run for run in names if run not in saved]
    asked: dict[str, Given] = {}
    warned: list[str] = []
    if without:
        if opened is None or split is None:
            which = "" if split is None else f" on the split {split!r}"
            raise ConfigError(f"{', '.join(without)}: no saved answers{which}; add --data PATH")
        # All are made before the first is asked: what is missing is told before the work.
        asked = {run: load(run, own[run], threads, None) for run in without}
        for run, given in asked.items():
            saved[run] = ask(given, opened, split, limit)
            if given.recipe == reading.recipe:
                told = warnings(given, opened, saved[run])
                warned += [f"{names[run]}: {line}" for line in told]
    answers = {name: saved[run] for run, name in names.items()}
    check_comparable(answers)
    return Asked(answers, warned, None if opened is None else opened.dataset)


def options_of(given: Sequence[str], names: Mapping[str, str]) -> dict[str, list[str]]:
    """Argument → its ``key=value``, from texts such as ``yunet.model=FILE`` that begin with an
    argument or its name in the comparison. Raises ``ConfigError`` for one that begins with neither.
    """
    from mien.errors import ConfigError

    own: dict[str, list[str]] = {run: [] for run in names}
    for option in given:
        fitting = [
            (len(called), run)
            for run, name in names.items()
            for called in (run, name)
            if option.startswith(f"{called}.")
        ]
        if not fitting:
            example = next(iter(names.values()))
            raise ConfigError(
                f"--detector-option {option!r} is of none of {', '.join(names.values())}: write "
                f"whose it is, such as {example}.{option}"
            )
        length, run = max(fitting)
        own[run].append(option[length + 1 :])
    return own


def _reading(runs: Iterable[str]) -> _Reading:
    """As the first training run among them says; else the official form."""
    from mien.cli.evaluate.kind import is_run, recipe_of

    for run in runs:
        if is_run(run) and (recipe := recipe_of(run)):
            return _Reading(run, True, recipe)
    return _Reading("the comparison", False, {})


def _kept(runs: Iterable[str], split: str) -> dict[str, Detections]:
    """What training runs among them have answered to ``split`` already."""
    from mien.evaluation.detection.answers import Detections, answers_path

    places = {run: answers_path(Path(run), split) for run in runs}
    return {run: Detections.load(path) for run, path in places.items() if os.path.isfile(path)}  # noqa: PTH113
