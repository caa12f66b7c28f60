from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.monitor.detection import Chart
from mien.monitor.simulation.compare import studies
from tests.support.commands import mien

Output = pytest.CaptureFixture[str]
SMALL = ("monitor", "simulate", "--persons", 20, "--days", 40, "--horizon", 10, "--after", 5)


def test_a_table_of_every_rule(capsys: Output) -> None:
    assert mien(*SMALL) == 0
    text = capsys.readouterr().out
    for name in ("smiling changed", "expressivity changed", "seen less", "all of them together"):
        assert name in text
    assert "not simulated, because they say what is so: not seen, camera down" in text
    assert mien(*SMALL) == 0
    assert capsys.readouterr().out == text


def test_json_has_the_same_figures(capsys: Output) -> None:
    assert mien(*SMALL, "--seed", 3, "--json", "--tails", "inf", "--shift", 2) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plan"]["seed"] == 3 and found["world"]["tails"] is None
    total = sum(rule["false_alarms_a_year"] for rule in found["rules"])
    assert found["together"]["false_alarms_a_year"] == pytest.approx(total, rel=0.05)
    assert [shift["shift"] for shift in found["rules"][0]["shifts"]] == [2.0]


def test_without_a_day_that_was_watched_nothing_is_known(capsys: Output) -> None:
    nothing = ("--persons", 1, "--days", 1, "--missing", 0.9, "--away", 0.5, "--seed", 0)
    assert mien("monitor", "simulate", *nothing) == 0
    assert "–, – (–)" in capsys.readouterr().out
    assert mien("monitor", "simulate", *nothing, "--json") == 0
    rule = json.loads(capsys.readouterr().out)["rules"][0]
    assert rule["years"] == 0 and rule["upper"] is None and rule["false_alarms_a_year"] is None


def test_rules_of_one_s_own(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[rule]]\nname = "eager"\nkind = "ewma"\nmeasure = "fear"\nlimit = 0.5\n'
        '[[rule]]\nname = "calm"\nkind = "cusum"\nmeasure = "fear"\nlimit = 50\n'
    )
    assert mien(*SMALL, "--rules", path, "--json") == 0
    eager, calm = json.loads(capsys.readouterr().out)["rules"]
    assert eager["false_alarms_a_year"] > 5 and calm["false_alarms_a_year"] == 0
    assert mien(*SMALL, "--rules", path, "--rule", "calm", "--json") == 0
    assert [r["rule"] for r in json.loads(capsys.readouterr().out)["rules"]] == ["calm"]
    assert mien(*SMALL, "--rules", path, "--rule", "clam") == 2
    assert "did you mean 'calm'" in capsys.readouterr().err


def test_comparisons(capsys: Output) -> None:
    assert mien(*SMALL, "--compare", "confirmation", "--shift", 2) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in studies(Chart())["confirmation"])
    one = ("--rule", "smiling changed", "--shift", 2)
    assert mien(*SMALL, *one, "--compare", "worlds") == 0
    assert "many wild days" in capsys.readouterr().out


def test_every_study_can_be_asked_for() -> None:
    from mien.cli.monitor.simulate import STUDIES

    assert set(STUDIES) == {*studies(Chart()), "worlds"}


def test_a_comparison_needs_a_chart(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[[rule]]\nname = "a"\nkind = "unseen"\nhours = 3\n')
    assert mien(*SMALL, "--rules", path, "--compare", "charts") == 2
    assert "needs a rule of the kind ewma or cusum" in capsys.readouterr().err
    assert mien(*SMALL, "--compare", "charts", "--json") == 2


@pytest.mark.parametrize("odd", [("--phi", 1), ("--persons", 0), ("--tails", "nan"),
                                 ("--shift", 0), ("--missing", "nan")])  # fmt: skip
def test_numbers_out_of_range(odd: tuple[object, ...], capsys: Output) -> None:
    assert mien(*SMALL, *odd) == 2
    assert "Invalid value" in capsys.readouterr().err
