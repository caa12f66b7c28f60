"""Which settings a trial gets: by its number and the seed alone, or also by the trials before it.

Every process of a study, and a second start of one, draws the same for the same trial: a generator
that lived as long as its process would propose after a restart what it has proposed before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna import Study, Trial
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from mien.train.tuning.space import Choices, Space, Value


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The space in Optuna's words."""
    found: dict[str, BaseDistribution] = {}
    for key, rule in space.keys.items():
        if isinstance(rule, Choices):
            found[key] = CategoricalDistribution(rule.choices)
        elif rule.whole:
            found[key] = IntDistribution(
                int(rule.low), int(rule.high), log=rule.log, step=int(rule.step or 1)
            )
        else:
            found[key] = FloatDistribution(rule.low, rule.high, log=rule.log, step=rule.step)
    return found


def suggest(trial: Trial, space: Space) -> dict[str, Value]:
    """The settings of ``trial``; a trial that is run again gets those that it had."""
    found: dict[str, Value] = {}
    for key, rule in space.keys.items():
        if isinstance(rule, Choices):
            value = trial.suggest_categorical(key, rule.choices)
            assert value is not None  # no choice is None
            found[key] = value
        elif rule.whole:
            found[key] = trial.suggest_int(
                key, int(rule.low), int(rule.high), step=int(rule.step or 1), log=rule.log
            )
        else:
            found[key] = trial.suggest_float(key, rule.low, rule.high, step=rule.step, log=rule.log)
    return found


def origin(trial: FrozenTrial) -> int:
    """Number of the trial that this one runs again, or its own."""
    return int(trial.user_attrs.get("origin", trial.number))


def slots(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that count: a second run of one that was stopped takes no new place."""
    return [t for t in trials if not {"replaces", "surplus"} & t.user_attrs.keys()]


class PerTrial(BaseSampler):
    """Makes a sampler anew for every trial, seeded with its number; ``grid`` deals out points."""

    def __init__(
        self, method: str, seed: int, points: Sequence[dict[str, Value]] | None, space: Space
    ) -> None:
        self._method, self._seed, self._distributions = method, seed, distributions(space)
        self._points = points
        self._inner: BaseSampler = RandomSampler(seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed for ``trial``."""
        first = origin(trial)
        if self._points is not None:
            self._inner = _Point(self._point(study, first), self._distributions)
            return
        seed = int(np.random.SeedSequence((self._seed, first)).generate_state(1)[0])
        if self._method == "random":
            self._inner = RandomSampler(seed)
        else:  # trials that still run elsewhere count as poor, so that nobody tries the same
            self._inner = TPESampler(seed=seed, multivariate=True, constant_liar=True)

    def _point(self, study: Study, first: int) -> dict[str, Value]:
        """The next point of the grid, in a shuffled order, so that half a grid is no corner of it.

        Numbers are given out once, so no two processes get the same point.
        """
        assert self._points is not None
        rank = len(slots(study.get_trials(deepcopy=False)[:first]))
        order = np.random.default_rng(self._seed).permutation(len(self._points))
        return self._points[int(order[rank % len(order)])]

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As the sampler of this trial."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the sampler of this trial."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As the sampler of this trial."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """As the sampler of this trial."""
        self._inner.after_trial(study, trial, state, values)


class _Point(BaseSampler):
    """One given point."""

    def __init__(self, point: dict[str, Value], space: dict[str, BaseDistribution]) -> None:
        self._point, self._space = point, space

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._point

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._point[param_name]
