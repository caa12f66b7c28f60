from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from mien.errors import ConfigError, UnknownNameError
from mien.monitor.detection import CUSUM, Chart
from mien.monitor.rules.config import (
    ChartRule,
    CoverageRule,
    Delivery,
    SuddenRule,
    TechnicalRule,
    UnseenRule,
)
from mien.monitor.rules.reading import KINDS, load_rules, read_rules


def one(text: str) -> object:
    (rule,) = read_rules(f'[[rule]]\nname = "it"\n{text}', "my.toml").rules
    return rule


def test_the_rules_that_ship() -> None:
    found = load_rules()
    assert {type(rule) for rule in found.rules} >= {
        ChartRule, CoverageRule, UnseenRule, TechnicalRule
    }  # fmt: skip
    assert {rule.what for rule in found.rules if isinstance(rule, TechnicalRule)} == {
        "camera", "disk", "clock"
    }  # fmt: skip
    assert found.named("not seen").name == "not seen"
    with pytest.raises(UnknownNameError, match="did you mean 'not seen'"):
        found.named("not sen")


def test_every_key_of_a_chart_can_be_set() -> None:
    odd = {
        "limit": 2.5, "weight": 0.11, "slack": 0.7, "direction": "below", "baseline_days": 33,
        "learning": False, "window": 77, "guard": 3, "accept_after": 40, "clear": 0.25,
        "confirm": 2, "cap": 4.5, "autocorrelation": "residuals", "floor": 0.01,
    }  # fmt: skip
    assert set(odd) == {field.name for field in fields(Chart)} - {"kind"}
    lines = "\n".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for key, value in odd.items()
    )
    rule = one(f'kind = "cusum"\nmeasure = "fear"\nurgent = true\nminimum_h = 5\n{lines}')
    assert rule == ChartRule(
        name="it", measure="fear", urgent=True, minimum_h=5, chart=Chart(kind="cusum", **odd)
    )


def test_a_cusum_has_limits_of_its_own() -> None:
    rule = one('kind = "cusum"\nmeasure = "fear"\nguard = 5')
    assert rule == ChartRule(name="it", measure="fear", chart=replace(CUSUM, guard=5))


def test_rules_about_some_persons() -> None:
    rule = one('kind = "unseen"\nhours = 6\npersons = ["eva", "ben"]')
    assert isinstance(rule, UnseenRule) and rule.is_about("eva") and not rule.is_about("anna")
    assert UnseenRule(name="a", hours=6).is_about("anna")
    assert not TechnicalRule(name="a", what="disk").is_about("anna")


def test_kinds_and_what_is_not_said() -> None:
    assert one('kind = "ewma"\nmeasure = "smiling"') == ChartRule(name="it", measure="smiling")
    assert one('kind = "unseen"\nhours = 6') == UnseenRule(name="it", hours=6)
    assert one('kind = "coverage"\ndays = 2') == CoverageRule(name="it", days=2)
    sudden = one('kind = "sudden"\nmeasure = "anger"\ndirection = "above"')
    assert sudden == SuddenRule(name="it", measure="anger", direction="above")
    assert read_rules("", "x").delivery == Delivery() and not read_rules("", "x").rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "ewma"\nmeasure = "smilling"', "did you mean 'smiling'"),
        ('kind = "emwa"\nmeasure = "smiling"', "unknown kind 'emwa': did you mean 'ewma'"),
        ('measure = "smiling"', "unknown kind None: kinds: ewma"),
        ('kind = "ewma"', "measure is missing"),
        ('kind = "unseen"', "hours is missing"),
        ('kind = "technical"', "what is missing"),
        ('kind = "technical"\nwhat = "cam"', "what must not be 'cam': did you mean 'camera'"),
        (
            'kind = "ewma"\nmeasure = "fear"\nlimits = 3',
            "unknown key 'limits': did you mean",
        ),
        ('kind = "ewma"\nmeasure = "fear"\nlimit = "3"', "limit must be a number, got '3'"),
        ('kind = "ewma"\nmeasure = "fear"\nlimit = nan', "limit must be from 0.1 to 100, got nan"),
        ('kind = "ewma"\nmeasure = "fear"\nweight = 0', "weight must be from 0.01 to 1, got 0"),
        ('kind = "ewma"\nmeasure = "fear"\nbaseline_days = 7', "from 14 to 365, got 7"),
        ('kind = "ewma"\nmeasure = "fear"\naccept_after = 5', "0 or at least 14"),
        ('kind = "ewma"\nmeasure = "fear"\nwindow = 15', "14 days more than guard"),
        ('kind = "ewma"\nmeasure = "fear"\nchart = 3', "unknown key 'chart'"),
        ('kind = "ewma"\nmeasure = "fear"\ncooldown_h = inf', "cooldown_h must be from 0"),
        ('kind = "unseen"\nhours = 3\nwaking = "8-21"', "waking must be two times such as"),
        ('kind = "unseen"\nhours = 3\nwaking = "08:00-08:00"', "waking must be two times"),
        ('kind = "coverage"\nclear = 0.1', "clear must be from 0.3 to 1, got 0.1"),
        ('kind = "sudden"\nmeasure = "coverage"', "use the kind 'unseen'"),
    ],
)
def test_errors_say_which_rule_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        one(text)
    assert str(error.value).startswith("my.toml, rule 1 (it): ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules = 3", "unknown table 'rules': did you mean 'rule'"),
        ("rule = 3", "each rule is a table"),
        ("[rule]\nname = 'a'", "each rule is a table"),
        ("delivery = 3", "delivery is a table"),
        ("[delivery]\nquiet = 'night'", "delivery: quiet must be two times"),
        ("[delivery]\ndaily_budget = 0", "daily_budget must be from 1"),
        ("[delivery]\nbudget = 2", "did you mean 'daily_budget'"),
        ("[[rule]]\nkind = 'unseen'", "name must be printable text"),
        ("[[rule]]\nname = '\\t'\nkind = 'unseen'\nhours = 1\n[[rule]]\nname=3", "rule 2: name"),
        ("[[rule]]\nname = 'a'\nkind = 'unseen'\nhours = 1\n" * 2, "two rules are called 'a'"),
        ("[[rule]\n", "is not valid TOML"),
        ("[[rule]]\nname = 'a'\nkind = 'unseen'\nhours = 1979-05-27", "date or time"),
        ("[[rule]]\n" * 101, "more than 100 rules"),
    ],
)
def test_errors_of_files(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_rules(text, "my.toml")
    assert message in str(error.value) and str(error.value).startswith("my.toml")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with pytest.raises(ConfigError, match=r"cannot read the rules .*mine\.toml: No such file"):
        load_rules(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_rules(path)
    path.write_text('[[rule]]\nname = "a"\nkind = "unseen"\nhours = 2\n')
    assert load_rules(path).rules == (UnseenRule(name="a", hours=2),)


def test_every_kind_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "monitor.md").read_text("utf-8")
    names = {f.name for kind in KINDS.values() for f in fields(kind)} - {"chart", "name"}
    names |= {field.name for field in fields(Chart)} | {field.name for field in fields(Delivery)}
    assert not [name for name in (*KINDS, *names) if f"`{name}`" not in page]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("kind='webook'", "did you mean 'webhook'"),
        ("kind='webhook'\nurl='ftp://x/'\nsecret_file='s'", "begins with https://"),
        ("kind='webhook'\nurl='https://x/'", "secret_file is missing"),
        ("kind='webhook'\nurl='https://x/'\nsecret_file='s'\ntimeout_s=0", "timeout_s must be"),
        ("kind='file'\npth='x'", "did you mean 'path'"),
        ("kind='email'\nhost='h'\nsender='a@b'\nto=[]", "at least one address"),
        ("kind='email'\nhost='h'\nsender='a@b'\nto=['x']", "'x' is not an e-mail address"),
        (
            "kind='email'\nhost='h'\nsender='a@b'\nto=['c@d']\nsecurity='ssl'",
            "security must not be",
        ),
        (
            "kind='email'\nhost='h'\nsender='a@b'\nto=['c@d']\nuser='u'\npassword_file='p'\n"
            "security='none'",
            "not sent without encryption",
        ),
    ],
)
def test_a_wrong_target_is_refused(table: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_rules(f"[[target]]\nname='t'\n{table}\n", "rules")


def test_targets() -> None:
    assert [target.kind for target in load_rules().targets] == ["output"]
    twice = "[[target]]\nname='t'\nkind='output'\n" * 2
    with pytest.raises(ConfigError, match="two targets are called 't'"):
        read_rules(twice, "rules")
