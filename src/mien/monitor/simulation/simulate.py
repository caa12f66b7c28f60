"""What rules bring: false alarms a person-year, and days until a change is seen."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mien.monitor.coverage import lost
from mien.monitor.rules.config import AnyRule, ChartRule, CoverageRule
from mien.monitor.simulation.series import World, coverages
from mien.monitor.simulation.trial import (
    Delay,
    FalseAlarms,
    count_alarms,
    delays,
    false_alarms,
)

SHIFTS = (1.0, 2.0, 3.0)
"""Own standard deviations."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is simulated."""

    persons: int = 1000
    days: int = 365
    """Watched days of each person, after the first baseline."""
    seed: int = 0
    shifts: tuple[float, ...] = SHIFTS
    after: int = 60
    """Days from the first baseline to the change."""
    horizon: int = 90
    """Days after the change in which it can be seen."""

    def random(self, *words: object) -> np.random.Generator:
        """Numbers that depend on the seed and ``words`` alone, not on what else is simulated."""
        return np.random.default_rng([self.seed, zlib.crc32(repr(words).encode())])


@dataclass(frozen=True, slots=True)
class Result:
    """Of one rule."""

    name: str
    false: FalseAlarms
    delays: tuple[Delay, ...]
    """One for each shift; empty for a rule that no shift is planted for."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Of a file of rules."""

    results: tuple[Result, ...]
    left_out: tuple[str, ...]
    """Rules that say what is so, such as a camera that is down: no statistics, nothing to draw."""

    @property
    def together(self) -> FalseAlarms:
        """All rules of one person: every rule's alarms, and the years of one person."""
        parts = [result.false for result in self.results]
        years = float(np.mean([part.years for part in parts])) if parts else 0.0
        return FalseAlarms(
            sum(part.alarms for part in parts), years, sum(part.days_in_alarm for part in parts)
        )


def simulate(
    rules: Sequence[AnyRule], world: World, plan: Plan,
    on_rule: Callable[[str], None] = lambda name: None,
) -> Simulated:  # fmt: skip
    """Simulate every rule over day values; ``on_rule`` is called with the name of each first.

    Measures are drawn independently of each other. Where in truth they move together, alarms of
    several rules fall on the same day; their number stays.
    """
    results, left_out = [], []
    for rule in rules:
        if isinstance(rule, ChartRule | CoverageRule):
            on_rule(rule.name)
            results.append(_result(rule, world, plan))
        else:
            left_out.append(rule.name)
    return Simulated(tuple(results), tuple(left_out))


def _result(rule: ChartRule | CoverageRule, world: World, plan: Plan) -> Result:
    if isinstance(rule, CoverageRule):
        values = coverages(world, plan.persons, plan.days, plan.random(rule.name, "coverage"))
        alarm, _ = lost(values, rule.below, rule.days, rule.clear)
        return Result(rule.name, count_alarms(alarm, np.ones_like(alarm)), ())
    random = plan.random(rule.name, "none")
    false = false_alarms(rule.chart, world, plan.persons, plan.days, random)
    shifts = [
        delays(rule.chart, world, shift, plan.persons, plan.random(rule.name, shift),
               after=plan.after, horizon=plan.horizon)
        for shift in plan.shifts
    ]  # fmt: skip
    return Result(rule.name, false, tuple(shifts))
