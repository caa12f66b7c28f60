"""``mien monitor simulate``: how often rules warn for nothing, and how soon they see a change."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from mien.cli.support.numbers import SEED, Finite
from mien.cli.support.printing import complain, say, say_json
from mien.errors import ConfigError

if TYPE_CHECKING:
    from mien.monitor.rules.config import AnyRule
    from mien.monitor.simulation.series import World
    from mien.monitor.simulation.simulate import Plan
    from mien.monitor.simulation.tables import Table

STUDIES = ("charts", "baselines", "learning", "autocorrelation", "confirmation", "worlds")


class Tails(click.FloatRange):
    """Numbers and ``inf``, which no comparison tells from ``nan``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; a usage error if it is out of range."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


@click.command()
@click.option("--rules", "path", metavar="FILE", help="Rules in TOML (default: those of Mien).")
@click.option("--rule", "names", multiple=True, metavar="NAME", help="Only this rule; repeatable.")
@click.option(
    "--persons",
    type=click.IntRange(1, 100_000),
    default=2000,
    show_default=True,
    help="Made-up persons.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=365,
    show_default=True,
    help="Watched days of each.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the random numbers.")
@click.option(
    "--phi",
    type=Finite(0, 0.8),
    default=0.3,
    show_default=True,
    help="Autocorrelation of neighbouring days, on average.",
)
@click.option(
    "--phi-spread",
    type=Finite(0, 0.5),
    default=0.15,
    show_default=True,
    help="Standard deviation of it between persons.",
)
@click.option(
    "--rhythm",
    type=Finite(0, 5),
    default=0.4,
    show_default=True,
    help="Height of the weekly rhythm, in standard deviations.",
)
@click.option(
    "--missing",
    type=Finite(0, 0.9),
    default=0.05,
    show_default=True,
    help="Share of single days without a value.",
)
@click.option(
    "--away",
    type=Finite(0, 0.5),
    default=0.02,
    show_default=True,
    help="Chance a day that an absence of 5 days on average begins.",
)
@click.option(
    "--tails",
    type=Tails(2.1),
    default=8.0,
    show_default=True,
    help="Degrees of freedom of the days' surprises; inf: normal.",
)
@click.option(
    "--shift",
    "shifts",
    type=Finite(0.01, 20),
    multiple=True,
    metavar="SD",
    help="Planted change, in own standard deviations; repeatable (default: 1, 2, 3).",
)
@click.option(
    "--after",
    type=click.IntRange(1, 3660),
    default=60,
    show_default=True,
    help="Days from the first baseline to the change.",
)
@click.option(
    "--horizon",
    type=click.IntRange(1, 3660),
    default=90,
    show_default=True,
    help="Days in which a change can be seen.",
)
@click.option(
    "--compare",
    type=click.Choice(STUDIES),
    help="Variants of the first chart instead, each with the limit that holds --bound.",
)
@click.option(
    "--bound",
    type=Finite(0.01, 100),
    default=0.49,
    show_default=True,
    help="False alarms a person-year of one chart, for --compare.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def simulate(
    path: str | None,
    names: tuple[str, ...],
    persons: int,
    days: int,
    seed: int,
    phi: float,
    phi_spread: float,
    rhythm: float,
    missing: float,
    away: float,
    tails: float,
    shifts: tuple[float, ...],
    after: int,
    horizon: int,
    compare: str | None,
    bound: float,
    as_json: bool,
) -> int:  # fmt: skip
    """Print how often rules warn for nothing, and how soon they see.

    False alarms are counted a person-year, and changes are planted in half of the persons upwards
    and in half downwards. Months of made-up persons: neighbouring days resemble each other, weeks
    have a rhythm, days are missing, some are wild, and each person's baseline is estimated as in
    real use.
    """
    from mien.monitor.rules.reading import DEFAULTS, load_rules
    from mien.monitor.simulation.series import World
    from mien.monitor.simulation.simulate import SHIFTS, Plan
    from mien.monitor.simulation.simulate import simulate as simulated
    from mien.monitor.simulation.tables import NOTE, NOTE_OF_MEAN, head, plain, rules_table

    if as_json and compare:
        raise click.UsageError("--json has no comparison: leave one of them out.")
    rules = load_rules(path or DEFAULTS)
    chosen = [rules.named(name) for name in names] or list(rules.rules)
    world = World(phi, phi_spread, rhythm, missing, away, tails)
    plan = Plan(persons, days, seed, shifts or SHIFTS, after, horizon)
    if compare:
        table = _compared(compare, chosen, world, plan, bound, _named)
        say(*head(world, plan).split("\n"), "")
        _print(table)
        say("", NOTE + NOTE_OF_MEAN)
        return 0
    found = simulated(chosen, world, plan, _named)
    if as_json:
        say_json(plain(found, world, plan), indent=2)
        return 0
    say(*head(world, plan).split("\n"), "")
    _print(rules_table(found, plan))
    say("", NOTE)
    if found.left_out:
        say(f"not simulated, because they say what is so: {', '.join(found.left_out)}")
    return 0


def _compared(
    study: str, rules: list[AnyRule], world: World, plan: Plan, bound: float,
    on_name: Callable[[str], None],
) -> Table:  # fmt: skip
    from mien.monitor.rules.config import ChartRule
    from mien.monitor.simulation.compare import compare, studies, worlds
    from mien.monitor.simulation.simulate import simulate as simulated
    from mien.monitor.simulation.tables import compared_table, worlds_table

    if study == "worlds":
        found = []
        for name, each in worlds(world).items():
            on_name(name)
            found.append((name, simulated(rules, each, plan)))
        return worlds_table(found, plan)
    charts = [rule.chart for rule in rules if isinstance(rule, ChartRule)]
    if not charts:
        raise ConfigError("--compare needs a rule of the kind ewma or cusum: there is none")
    return compared_table(compare(studies(charts[0])[study], world, plan, bound, on_name), plan)


def _named(name: str) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        complain(f"simulating: {name}")


def _print(table: Table) -> None:
    from mien.cli.support.console import filled_table, out

    titles, rows = table
    out().print(filled_table(titles, rows))
