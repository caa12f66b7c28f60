"""Charts compared fairly: each with the limit at which it alarms for nothing equally often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.monitor.detection import Chart
from mien.monitor.simulation.series import World, draw
from mien.monitor.simulation.simulate import Plan
from mien.monitor.simulation.trial import (
    Delay,
    FalseAlarms,
    delays,
    false_alarms,
    false_alarms_of,
    lead,
)

Floats = NDArray[np.float64]
_LIMITS = {"ewma": (1.5, 6.0), "cusum": (1.0, 20.0)}


@dataclass(frozen=True, slots=True)
class Variant:
    """A chart, and how long after the first baseline the change comes."""

    chart: Chart
    after: int | None = None
    """Days; ``None``: as in the plan."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A chart at the limit that holds the bound."""

    name: str
    chart: Chart
    false: FalseAlarms
    """On other draws than those on which the limit was chosen."""
    delays: tuple[Delay, ...]

    @property
    def score(self) -> float:
        """Geometric mean of the median delays; of the horizon's end where half were not seen."""
        days = [min(delay.median, delay.horizon + 1.0) for delay in self.delays]
        return float(np.exp(np.mean(np.log(days))))


def compare(
    variants: Mapping[str, Variant], world: World, plan: Plan, bound: float,
    on_variant: Callable[[str], None] = lambda name: None,
) -> list[Compared]:  # fmt: skip
    """Every variant with the smallest limit whose false alarms a year stay below ``bound``.

    All are drawn the same persons. ``bound`` is held by the upper end of the 95 % interval.
    """
    found = []
    for name, variant in variants.items():
        on_variant(name)
        chart = with_limit(variant.chart, world, plan, bound)
        false = false_alarms(chart, world, plan.persons, plan.days, plan.random("check"))
        after = plan.after if variant.after is None else variant.after
        seen = [
            delays(chart, world, shift, plan.persons, plan.random("shift", shift), after=after,
                   horizon=plan.horizon)
            for shift in plan.shifts
        ]  # fmt: skip
        found.append(Compared(name, chart, false, tuple(seen)))
    return found


def with_limit(chart: Chart, world: World, plan: Plan, bound: float) -> Chart:
    """The chart with the smallest limit whose false alarms a year stay below ``bound``."""
    # An eighth of the persons shows where to look; their interval is wider, so the limit is lower.
    values = draw(world, plan.persons, plan.days + lead(chart), plan.random("limit"))
    low, high = _LIMITS[chart.kind]
    near = (high - low) / 20

    def search(values: Floats, low: float, high: float, steps: int) -> float:
        for _ in range(steps):
            middle = (low + high) / 2
            false = false_alarms_of(replace(chart, limit=middle), values, plan.days)
            low, high = (low, middle) if false.upper <= bound else (middle, high)
        return high

    rough = search(values[: plan.persons // 8 + 1], low, high, 6)
    exact = search(values, rough - 1.5 * near, rough + near / 2, 4)
    return replace(chart, limit=float(np.ceil(exact * 100) / 100))


def studies(chart: Chart) -> dict[str, dict[str, Variant]]:
    """What docs/monitor.md compares, by name; each varies one thing of ``chart``."""

    def vary(**keys: object) -> Variant:
        return Variant(replace(chart, **keys))  # type: ignore[arg-type]

    return {
        "charts": {
            **{
                f"EWMA, λ = {weight:g}": vary(kind="ewma", weight=weight)
                for weight in (0.05, 0.1, 0.15, 0.2, 0.3)
            },
            **{f"CUSUM, k = {k:g}": vary(kind="cusum", slack=k) for k in (0.25, 0.5)},
            "Shewhart (λ = 1, no cap)": vary(kind="ewma", weight=1.0, cap=1000.0),
        },
        "baselines": {
            **{
                f"fixed, {days} days": vary(learning=False, baseline_days=days)
                for days in (14, 28, 56)
            },
            **{
                f"learning, change after {days} days": Variant(replace(chart, learning=True), days)
                for days in (14, 60, 180)
            },
        },
        "learning": {
            **{f"newest {days} days left out": vary(guard=days) for days in (0, 7, 14, 28)},
            "window of 90 days": vary(window=90),
        },
        "autocorrelation": {
            how: vary(autocorrelation=how) for how in ("widened", "residuals", "ignored")
        },
        "confirmation": {
            f"{days} day{'s' * (days > 1)} beyond the limit": vary(confirm=days)
            for days in (1, 2, 3)
        },
    }  # fmt: skip


def worlds(world: World) -> dict[str, World]:
    """Other worlds than the one in which the limits were chosen, each in one thing."""
    return {
        "as assumed": world,
        "days independent of each other": replace(world, phi=0.0, phi_spread=0.0),
        "autocorrelation of 0.6": replace(world, phi=0.6, phi_spread=0.1),
        "no weekly rhythm": replace(world, rhythm=0.0),
        "twice the weekly rhythm": replace(world, rhythm=2 * world.rhythm),
        "normal days, none wild": replace(world, tails=float("inf")),
        "many wild days (t with 3 degrees of freedom)": replace(world, tails=3.0),
        "a third of the days missing": replace(world, missing=0.33),
    }
