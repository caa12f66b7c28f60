"""What a search is about, stored with it: no process adds trials of something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optuna import Study

from mien.datasets.base import Dataset
from mien.datasets.fingerprint import split_fingerprint
from mien.errors import ConfigError
from mien.train.classification.config import ClassifierConfig
from mien.train.recipe import config_of
from mien.train.tuning.space import Space
from mien.train.tuning.split import described

DATA = "fingerprint of"


def claim(
    study: Study, config: ClassifierConfig, space: Space, search: dict[str, Any], dataset: Dataset
) -> None:
    """Store what the search is about, or raise ``ConfigError`` where it is about something else.

    ``dataset`` is divided as the recipe says; its pictures are decoded. A search of version 0.1.0
    does not know its data: that is not compared then.
    """
    ours = {
        "recipe": config.to_dict(),
        "space": space.to_dict(),
        **search,
        "labels": list(dataset.facts.labels),
        "split": described(config),
        DATA: {
            split: split_fingerprint(dataset, split)
            for split in (config.train_split, str(config.valid_split))
        },
    }
    theirs = study.user_attrs
    if not study.get_trials(deepcopy=False):
        # Another process may be storing the same at this moment.
        for key in ours.keys() - theirs.keys():
            study.set_user_attr(key, ours[key])
        theirs = study.user_attrs
    if DATA not in theirs:
        del ours[DATA]
    if not theirs.keys() >= ours.keys():
        raise ConfigError(
            f"the search {study.study_name!r} was not made by 'mien tune': choose another --study"
        )
    changed = []
    for key, value in ours.items():
        before = theirs[key]
        if key == "recipe" and isinstance(before, dict):  # of before a key existed: its default
            before = config_of(before, where=f"the search {study.study_name!r}").to_dict()
        if isinstance(value, dict):
            changed += [
                f"{key} {part} was {before.get(part)!r} and is {value.get(part)!r}"
                for part in {**before, **value}
                if before.get(part) != value.get(part)
            ]
        elif before != value:
            changed.append(f"{key} was {before!r} and is {value!r}")
    if changed:
        raise ConfigError(
            f"the search {study.study_name!r} was started with other settings "
            f"({'; '.join(changed)}): use the same ones, or choose another --study and --out"
        )


def check_folders(study: Study, out: Path) -> None:
    """Raise ``ConfigError`` where ``out`` holds the trials of another search."""
    known = {str(trial.number) for trial in study.get_trials(deepcopy=False)}
    if {path.name for path in (out / "trials").glob("*")} - known:
        raise ConfigError(
            f"{out} holds trials that the search {study.study_name!r} does not have: "
            "choose another --out"
        )
