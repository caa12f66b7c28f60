"""Tables of what was simulated, as texts and as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mien.monitor.simulation.compare import Compared
from mien.monitor.simulation.series import World
from mien.monitor.simulation.simulate import Plan, Simulated
from mien.monitor.simulation.trial import Delay, FalseAlarms

Table = tuple[list[str], list[list[str]]]
"""Titles, and rows of texts."""


def head(world: World, plan: Plan) -> str:
    """What was drawn, on two lines."""
    return (
        f"{plan.persons:,} persons, {plan.days} days each after the first baseline, seed "
        f"{plan.seed}; changes after {plan.after} days, seen within {plan.horizon}\n"
        f"autocorrelation {world.phi:g} ± {world.phi_spread:g}, weekly rhythm {world.rhythm:g}, "
        f"missing days {world.missing:g}, absences {world.away:g} a day, tails {world.tails:g}"
    )


def rules_table(found: Simulated, plan: Plan) -> Table:
    """A row a rule, and all of them together."""
    rows = [[each.name, *_false(each.false), *_delays(each.delays, plan)] for each in found.results]
    if len(rows) > 1:
        rows.append(["all of them together", *_false(found.together), *_delays((), plan)])
    return ["rule", *_titles(plan)], rows


def compared_table(found: Sequence[Compared], plan: Plan) -> Table:
    """A row a variant, each with its own limit; the last column is ``Compared.score``."""
    rows = [
        [
            each.name,
            f"{each.chart.limit:.2f}",
            *_false(each.false),
            *_delays(each.delays, plan),
            f"{each.score:.1f}",
        ]
        for each in found
    ]
    return ["variant", "limit", *_titles(plan), "mean"], rows


def worlds_table(found: Sequence[tuple[str, Simulated]], plan: Plan) -> Table:
    """A row a world: all rules together, and the delays of the first chart."""
    rows = []
    for name, each in found:
        seen = next((result.delays for result in each.results if result.delays), ())
        rows.append([name, *_false(each.together), *_delays(seen, plan)])
    return ["world", *_titles(plan)], rows


NOTE = (
    "false: false alarms a person-year (upper end of the 95 % interval); in alarm: share of days "
    "without a change; a change of own standard deviations is seen by this day in half of the "
    "cases, and in nine of ten (share seen at all)"
)
NOTE_OF_MEAN = "; mean: geometric mean of those medians"


def _titles(plan: Plan) -> list[str]:
    return ["false", "in alarm", *(f"{shift:g} SD" for shift in plan.shifts)]


def _false(each: FalseAlarms) -> list[str]:
    if not each.years:
        return ["–", "–"]  # not a day was watched
    return [f"{each.a_year:.2f} ({each.upper:.2f})", f"{100 * each.share_of_days:.1f} %"]


def _delays(found: Sequence[Delay], plan: Plan) -> list[str]:
    if not found:
        return ["" for _ in plan.shifts]
    return [
        f"{_day(each.median, each)}, {_day(each.ninth, each)} ({_share(each.detected)})"
        for each in found
    ]


def _day(day: float, of: Delay) -> str:
    if math.isnan(day):
        return "–"
    return f"{day:.0f}" if math.isfinite(day) else f">{of.horizon}"


def _share(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.0f} %"


def plain(found: Simulated, world: World, plan: Plan) -> dict[str, Any]:
    """For JSON; a day that was not reached is ``null``, and so is what no day was watched for."""

    def finite(values: Mapping[str, float]) -> dict[str, float | None]:
        return {name: value if math.isfinite(value) else None for name, value in values.items()}

    def false(each: FalseAlarms) -> dict[str, float | None]:
        return finite({
            "false_alarms_a_year": each.a_year, "upper": each.upper, "years": each.years,
            "share_of_days_in_alarm": each.share_of_days,
        })  # fmt: skip

    def seen(each: Delay) -> dict[str, float | None]:
        days = {"median_days": each.median, "days_90": each.ninth}
        return finite({"shift": each.shift, **days, "share_detected": each.detected})

    return {
        "plan": asdict(plan),
        "world": finite(asdict(world)),
        "rules": [
            {"rule": each.name, **false(each.false), "shifts": [seen(d) for d in each.delays]}
            for each in found.results
        ],
        "together": false(found.together) if found.results else None,
        "not_simulated": list(found.left_out),
    }
