"""A person's trends from a log, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")
pytest.importorskip("alembic", reason="needs the 'log' extra")

from mien.errors import ConfigError, InputError, UnknownNameError
from mien.log.database import Log
from mien.log.opening import create_log
from mien.log.persons import add_person, give_consent
from mien.monitor.days import NoStatement
from mien.monitor.from_log import person_days, person_hours
from mien.monitor.rules.config import Rules
from mien.monitor.rules.reading import load_rules, read_rules
from mien.monitor.trends import Trends, as_json, duration, spans, trends_of
from tests.support.log_days import FIRST, HOURS, add_days, shares

DAYS, CHANGED = 70, 55


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    path = tmp_path_factory.mktemp("trends") / "log.db"
    with create_log(path, keep_days={"observations": None, "hours": None}) as log:
        for name in ("anna", "ben"):
            add_person(log, name)
            give_consent(log, name, name, "a test")
        smiling, minutes = shares(DAYS), np.full(DAYS, 30.0)
        smiling[CHANGED:] = 0.03
        minutes[40], minutes[41], minutes[42] = 1.5, -1, 0
        add_days(log, "anna", smiling, minutes=minutes)
        add_days(log, "ben", shares(20, 0.3))
        later = FIRST + timedelta(20)
        add_days(log, "ben", shares(20, 0.15), setup="another room", first=later)
        yield log


def of(log: Log, person: str = "anna", rules: Rules | None = None, **asked: object) -> Trends:
    days = person_days(log, person)
    return trends_of(person, days, rules or load_rules(), **asked)  # type: ignore[arg-type]


def test_hours_are_those_of_the_log(log: Log) -> None:
    hours = person_hours(log, "anna")
    assert tuple(hours.hour[:5]) == HOURS and hours.usable_s[0] == 1800
    assert hours.changes[0] == pytest.approx(90)  # one each 20 seconds
    assert set(hours.means) == {"happiness", "neutral", "smiling", "expressivity"}
    with pytest.raises(InputError, match="did you mean 'anna'"):
        person_hours(log, "ana")


def test_days_that_say_nothing_say_why(log: Log) -> None:
    found = of(log)
    assert found.days.reasons[40:43] == (
        NoStatement.TOO_SHORT, NoStatement.NOT_WATCHED, NoStatement.NOT_SEEN,
    )  # fmt: skip
    assert found.seen(40) == "seen 8 minutes, usually 2.5 hours"
    assert found.seen(41) == "nothing was recorded on this day"
    assert found.says(40, "smiling").startswith("no statement: the face was seen well for less")
    assert found.says(5, "smiling").endswith(" % of the time (nothing is usual yet)")
    assert "usually" not in found.says(5, "smiling")
    assert found.says(30, "smiling") == found.measures["smiling"].says(30)


def test_a_change_is_found_by_rules_alone(log: Log) -> None:
    found = of(log)
    smiling, happiness = found.measures["smiling"], found.measures["happiness"]
    assert not smiling.alarm[:CHANGED].any() and smiling.alarm[CHANGED + 4 :].all()
    assert not happiness.alarm.any()  # fell as much, but no rule watches it
    assert happiness.value[-1] < happiness.low[-1]
    (line,) = found.changes()
    begin = FIRST.date() + timedelta(int(np.argmax(smiling.alarm)))
    assert line.startswith(f"smiling changed: since {begin}; at the end smiled 3 % of the time")
    others = read_rules("[[rule]]\nname='x'\nkind='ewma'\nmeasure='smiling'\npersons=['ben']", "x")
    assert of(log, rules=others).changes() == []


def test_another_setup_is_no_change_of_the_person(log: Log) -> None:
    found = of(log, "ben", first=FIRST.date())
    assert found.days.restarts.sum() == 1 and found.days.restarts[20]
    assert found.changes() == []
    smiling = found.measures["smiling"]
    assert smiling.usual[19] == pytest.approx(0.3, abs=0.03)
    assert np.isnan(smiling.usual[20:34]).all()
    assert smiling.usual[-1] == pytest.approx(0.15, abs=0.03)


def test_the_days_that_are_asked_for(log: Log) -> None:
    last = FIRST.date() + timedelta(DAYS - 1)
    assert of(log).dates()[0] == last - timedelta(55) and of(log).dates()[-1] == last
    some = of(log, names=("sadness", "coverage"), last=last - timedelta(10))
    assert some.dates()[-1] == last - timedelta(10) and list(some.measures) == [
        "sadness",
        "coverage",
    ]
    assert some.says(3, "sadness") == "no statement: it was not recorded"
    with pytest.raises(ConfigError, match="no day was recorded in the time asked for"):
        of(log, first=date(2030, 1, 1))
    with pytest.raises(UnknownNameError, match="did you mean 'smiling'"):
        of(log, names=("smilling",))
    add_person(log, "carl")
    with pytest.raises(ConfigError, match="nothing was recorded of this person yet"):
        of(log, "carl")


def test_json_has_no_nan(log: Log) -> None:
    import json

    found = json.loads(json.dumps(as_json(of(log)), allow_nan=False))
    day = found["days"][40 - (DAYS - 56)]
    assert day["reason"] == NoStatement.TOO_SHORT and day["usable_s"] == 450
    assert day["measures"]["smiling"]["value"] is None
    assert found["days"][-1]["measures"]["smiling"]["alarm"] is True


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "0 minutes"),
        (60, "1 minute"),
        (3500, "58 minutes"),
        (3600, "1 hour"),
        (19000, "5.3 hours"),
    ],
)
def test_durations(seconds: float, says: str) -> None:
    assert duration(seconds) == says


def test_spans() -> None:
    assert spans(np.array([True, False, True, True])) == [(0, 0), (2, 3)]
    assert spans(np.zeros(3, bool)) == []


def test_the_figure_has_a_panel_a_measure(log: Log, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from mien.monitor.trends_figure import draw
    from mien.reports.figures.save import save_figure

    figure = draw(of(log))
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    names = ["happiness", "neutral", "smiling ◆", "expressivity", "changes", "coverage"]
    assert titles == names
    marked = figure.axes[2].lines[2].get_ydata()
    assert len(marked) == int(of(log).measures["smiling"].alarm.sum())
    save_figure(figure, tmp_path / "trends.svg")
    assert (tmp_path / "trends.svg").stat().st_size > 10_000
