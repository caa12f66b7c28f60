"""The settings of each trial: from its number and the seed, with ``tpe`` also from earlier trials.

Each trial has a generator of its own. One generator for a whole process would, after a restart,
propose again what it has proposed before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from optuna import Study, Trial
from optuna.samplers import PartialFixedSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from mien.train.tuning.space import Choices, Space, Value
from mien.train.tuning.trials import counted, original_number


def suggest(trial: Trial, space: Space) -> dict[str, Value]:
    """The settings of ``trial``; a retry gets those of the trial that it runs again."""
    params: dict[str, Value] = {}
    for key, rule in space.keys.items():
        if isinstance(rule, Choices):
            value = trial.suggest_categorical(key, rule.choices)
            assert value is not None  # no choice is None
            params[key] = value
        elif rule.whole:
            params[key] = trial.suggest_int(
                key, int(rule.low), int(rule.high), step=int(rule.step or 1), log=rule.log
            )
        else:
            params[key] = trial.suggest_float(
                key, rule.low, rule.high, step=rule.step, log=rule.log
            )
    return params


class PerTrial(PartialFixedSampler):
    """A new sampler for every trial, seeded with its number.

    ``points``: the points of a grid, each of which fixes all keys of a trial; ``None``: no grid.
    """

    def __init__(
        self, method: str, seed: int, points: Sequence[dict[str, Value]] | None = None
    ) -> None:
        self._method, self._seed, self._points = method, seed, points
        super().__init__({}, RandomSampler(seed))

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Become the sampler of ``trial``."""
        first = original_number(trial)
        seed = int(np.random.SeedSequence((self._seed, first)).generate_state(1)[0])
        if self._method == "tpe":
            # constant_liar: running trials count as poor, so that other processes avoid them.
            super().__init__({}, TPESampler(seed=seed, multivariate=True, constant_liar=True))
        else:
            super().__init__(self._point(study, first), RandomSampler(seed))

    def _point(self, study: Study, number: int) -> dict[str, Value]:
        """The grid's point for a trial; points are shuffled, so half a grid is not just a corner.

        Every trial has a number of its own, so no two processes get the same point.
        """
        if self._points is None:
            return {}
        rank = len(counted(study.get_trials(deepcopy=False)[:number]))
        order = np.random.default_rng(self._seed).permutation(len(self._points))
        return self._points[int(order[rank % len(order)])]
