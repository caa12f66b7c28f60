"""Trains a recipe on every fold of a data set, a run's folder for each, and measures it there.

Nothing is lost by a kill: a fold that is done is not trained again, and an unfinished one continues
after its last whole epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from mien.datasets.base import Dataset
from mien.datasets.folding import Folding
from mien.datasets.splits import all_folds
from mien.errors import ConfigError
from mien.evaluation.classification.cross_validation import CrossValidation, cross_validation
from mien.evaluation.classification.predict import predict
from mien.evaluation.kept_answers import are_answers_to
from mien.evaluation.kept_folds import TESTED, FoldsNote, begin, fold_folder, keep_fold, kept_fold
from mien.files import lock_folder
from mien.train import checkpoint
from mien.train.classification.classifier import TorchClassifier
from mien.train.classification.config import ClassifierConfig
from mien.train.trainer import OnBatch, OnEpoch, OnNote, settle, train

OnFold = Callable[
    [int, int, ClassifierConfig], AbstractContextManager[tuple[OnBatch | None, OnEpoch | None]]
]
"""Called with number, count and recipe of a fold that begins; a context with its callbacks."""


def train_folds(
    config: ClassifierConfig,
    dataset: Dataset,
    out: Path,
    count: int,
    *,
    source: str,
    by_subject: bool = False,
    tta: bool = False,
    device: torch.device | None = None,
    on_fold: OnFold | None = None,
    on_note: OnNote | None = None,
) -> CrossValidation:
    """Train and measure ``config`` on each of ``count`` folds of the split ``source``.

    Every picture is tested once, by a model that saw neither it nor a copy of it, nor with
    ``by_subject`` any picture of the same person. A recipe that watches validation (``patience``,
    or the schedule ``plateau``) validates on the next fold, which it then does not learn from; any
    other one learns from all folds but the tested one.

    Fold K is a training run in ``out/fold-K``. The same call continues an unfinished one. Raises
    what ``train`` raises, and ``ConfigError`` for a folder of another cross-validation.
    """
    watches = bool(config.patience) or config.schedule == "plateau"
    folding = Folding(count, by_subject=by_subject, validates=watches)
    note = FoldsNote(
        config.name, folding.text, source, config.splits_seed, count,
        {**config.to_dict(), "tta": tta},
    )  # fmt: skip
    on_fold = on_fold or (lambda *_: nullcontext((None, None)))
    answers, trained = [], []
    begin(out, note)
    with lock_folder(out, "cross-validating in"):
        folds = all_folds(dataset, folding, source, config.splits_seed)
        for number, fold in enumerate(folds, start=1):
            kept = kept_fold(out, number)
            if kept is None:
                own = fold_config(config, replace(folding, number=number), source)
                folder = fold_folder(out, number)
                settled, _ = settle(own, fold, folder, resume=True)  # which train repeats
                assert isinstance(settled, ClassifierConfig)
                with on_fold(number, count, settled) as (on_batch, on_epoch):
                    train(
                        own, fold, folder, device=device, resume=True,
                        on_batch=on_batch, on_epoch=on_epoch, on_note=on_note,
                    )  # fmt: skip
                made = predict(
                    TorchClassifier(folder, str(device or "auto")), fold, TESTED,
                    tta=tta, repeats_of=None, splits=own.splits,
                )  # fmt: skip
                pictures = checkpoint.load(checkpoint.find(folder))["facts"]["pictures"]
                keep_fold(out, number, made, pictures)
                kept = made, pictures
            elif not are_answers_to(kept[0], fold, TESTED):
                raise ConfigError(
                    f"{out} holds a cross-validation of other data: fold {number} has other "
                    "pictures; continue with the same data, or choose another --out"
                )
            answers.append(kept[0])
            trained.append(kept[1])
    return cross_validation(answers, trained)


def fold_config(config: ClassifierConfig, folding: Folding, source: str) -> ClassifierConfig:
    """The recipe of one fold. Raises ``ConfigError`` for keys that cannot work with folds."""
    values = {
        **config.to_dict(),
        "splits": folding.text,
        "splits_from": source,
        "train_split": "train",
        "valid_split": "valid" if folding.validates else None,
    }
    return ClassifierConfig.from_dict(values, where=f"fold {folding.number}")
