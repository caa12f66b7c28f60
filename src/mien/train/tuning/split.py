"""Which pictures a search is measured on: never those that are reported."""

from __future__ import annotations

from dataclasses import replace

from mien.errors import ConfigError
from mien.train.classification.config import ClassifierConfig

REPORTED = ("public", "private", "valid", "val", "validation", "test")
"""Names of official splits that figures are reported on; no part of them may choose settings."""


def tuning_split(config: ClassifierConfig) -> tuple[ClassifierConfig, str]:
    """``config`` with a validation split that may be tuned on, and a note on what changed.

    That split is the part ``valid`` of a division of a training split. The note is empty if the
    recipe has one already. Raises ``ConfigError`` if the recipe divides a split that is reported.
    """
    whole = config.splits in ("official", "auto")
    source = config.train_split if whole else config.splits_from
    if source in REPORTED:
        raise ConfigError(
            f"the recipe {config.name!r} learns from the split {source!r}, which is reserved for "
            "reporting: tune on a training split (splits_from)"
        )
    if not whole and config.valid_split == "valid":
        return config, ""
    how = "random:90/10" if whole else config.splits
    tuned = replace(
        config, splits=how, splits_from=source, train_split="train", valid_split="valid"
    )
    return tuned, f"tuned on {described(tuned)}, not on {config.valid_split or 'no split'!r}"


def described(config: ClassifierConfig) -> str:
    """The validation split in words."""
    if config.splits == "official":
        return f"the split {config.valid_split!r}"
    return (
        f"the part {config.valid_split!r} of {config.splits_from!r} "
        f"({config.splits}, seed {config.splits_seed})"
    )
