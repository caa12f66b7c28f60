"""What a study is about, kept with it: nobody adds trials of something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optuna import Study

from mien.datasets.base import Dataset
from mien.errors import ConfigError
from mien.train.classification.config import ClassifierConfig
from mien.train.tuning.space import Space
from mien.train.tuning.split import described


def claim(
    study: Study, config: ClassifierConfig, space: Space, search: dict[str, Any], dataset: Dataset
) -> None:
    """Store what the study is about, or raise ``ConfigError`` where it is about something else."""
    ours = {
        "recipe": config.to_dict(),
        "space": space.to_dict(),
        **search,
        "labels": list(dataset.facts.labels),
        "split": described(config),
    }
    if not study.user_attrs and not study.get_trials(deepcopy=False):
        for key, value in ours.items():
            study.set_user_attr(key, value)
    theirs = study.user_attrs
    if not theirs.keys() >= ours.keys():
        raise ConfigError(
            f"the study {study.study_name!r} was not made by 'mien tune': choose another --study"
        )
    found = []
    for key, value in ours.items():
        if isinstance(value, dict):
            was = theirs[key]
            found += [
                f"{key} {part} was {was.get(part)!r} and is {value.get(part)!r}"
                for part in {**was, **value}
                if was.get(part) != value.get(part)
            ]
        elif theirs[key] != value:
            found.append(f"{key} was {theirs[key]!r} and is {value!r}")
    if found:
        raise ConfigError(
            f"the study {study.study_name!r} was started otherwise ({'; '.join(found)}): "
            "go on with the same settings, or choose another --study and --out"
        )


def check_folders(study: Study, out: Path) -> None:
    """Raise ``ConfigError`` where ``out`` holds the trials of another study."""
    known = {str(trial.number) for trial in study.get_trials(deepcopy=False)}
    there = {path.name for path in (out / "trials").glob("*")}
    if there - known:
        raise ConfigError(
            f"{out} holds trials that the study {study.study_name!r} does not know: "
            "choose another --out"
        )
