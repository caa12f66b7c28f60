from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.monitor.detection import Chart
from mien.monitor.rules.config import ChartRule, CoverageRule
from mien.monitor.rules.reading import load_rules
from mien.monitor.simulation.compare import Compared, Variant, compare, studies, with_limit, worlds
from mien.monitor.simulation.series import World
from mien.monitor.simulation.simulate import Plan, simulate
from mien.monitor.simulation.tables import compared_table, rules_table, worlds_table
from mien.monitor.simulation.trial import Delay, FalseAlarms

SMALL = Plan(persons=60, days=100, shifts=(3.0,), after=20, horizon=30)
RULES = load_rules().rules
CHARTS = [rule for rule in RULES if isinstance(rule, ChartRule)]


def test_a_rule_s_figures_do_not_depend_on_the_others() -> None:
    whole = simulate(RULES, World(), SMALL)
    alone = simulate(RULES[1:2], World(), SMALL)
    assert whole.results[1].false == alone.results[0].false
    assert (whole.results[1].delays[0].days == alone.results[0].delays[0].days).all()
    assert whole.results[0].false != whole.results[1].false  # the same chart, other persons
    other = simulate(RULES[1:2], World(), replace(SMALL, seed=1))
    assert other.results[0].false != alone.results[0].false


def test_together_is_the_sum() -> None:
    found = simulate(RULES, World(), SMALL)
    assert found.together.alarms == sum(each.false.alarms for each in found.results)
    assert found.together.years == pytest.approx(60 * 100 / 365.25, rel=0.05)
    assert set(found.left_out) == {
        rule.name for rule in RULES if not isinstance(rule, ChartRule | CoverageRule)
    }
    assert simulate((), World(), SMALL).together.years == 0


@pytest.mark.slow
def test_the_default_rules_hold_the_bound() -> None:
    """One false alarm a person-year over all of them, on draws that no limit was chosen on."""
    found = simulate(RULES, World(), Plan(persons=4000, seed=12345, shifts=()))
    assert found.together.a_year > 0.7 and found.together.upper < 1.03


def test_the_default_rules_nearly_hold_the_bound() -> None:
    """In small; ``pytest -m slow`` has the whole."""
    found = simulate(RULES, World(), Plan(persons=250, seed=54321, shifts=()))
    low = found.together.alarms - 3 * np.sqrt(found.together.alarms)
    assert low / found.together.years < 1


def test_the_limit_is_the_smallest_that_holds_the_bound() -> None:
    plan = Plan(persons=60, days=120)
    chosen = with_limit(Chart(), World(), plan, 3.0)
    loose = with_limit(Chart(), World(), plan, 6.0)
    assert loose.limit < chosen.limit
    (found,) = compare({"a": Variant(chosen)}, World(), replace(plan, shifts=(3.0,)), 3.0)
    assert found.chart.limit == chosen.limit and 1 < found.false.a_year < 4


def test_the_score_is_the_geometric_mean_of_the_medians() -> None:
    def delay(*days: float) -> Delay:
        return Delay(1.0, np.array(days), 80)

    false = FalseAlarms(0, 1.0, 0)
    found = Compared("a", Chart(), false, (delay(2, 4, 9), delay(np.inf, np.inf, 1)))
    assert found.score == pytest.approx(np.sqrt(4 * 81))


def test_studies_vary_one_thing() -> None:
    for name, variants in studies(Chart()).items():
        assert len(variants) == len(set(map(repr, variants.values()))), name
    assert len({repr(world) for world in worlds(World()).values()}) == len(worlds(World()))


def test_tables() -> None:
    found = simulate(RULES[:3], World(), SMALL)
    titles, rows = rules_table(found, SMALL)
    assert titles == ["rule", "false", "in alarm", "3 SD"]
    assert [row[0] for row in rows] == [*(rule.name for rule in RULES[:3]), "all of them together"]
    titles, rows = worlds_table([("here", found)], SMALL)
    assert rows[0][0] == "here" and rows[0][-1] == rules_table(found, SMALL)[1][0][-1]
    never = Delay(3.0, np.full(10, np.inf), 30)
    _, rows = compared_table([Compared("a", Chart(), FalseAlarms(3, 2.0, 7), (never,))], SMALL)
    assert rows == [["a", f"{Chart().limit:.2f}", "1.50 (3.50)", "1.0 %", ">30, >30 (0 %)", "31.0"]]
