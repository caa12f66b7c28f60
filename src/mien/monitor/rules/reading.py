"""Rules from TOML: ``[[rule]]`` tables and one ``[delivery]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from mien.errors import ConfigError, UnknownNameError, brief, did_you_mean
from mien.monitor.detection import CUSUM, Chart
from mien.monitor.rules.config import (
    AnyRule,
    ChartRule,
    CoverageRule,
    Delivery,
    Rule,
    Rules,
    SuddenRule,
    TechnicalRule,
    UnseenRule,
)
from mien.monitor.rules.delivery_targets import TARGETS, AnyTarget, Target
from mien.options import convert_all
from mien.parsing import MOST_TOML, is_text, parse_toml
from mien.reading import read_file

DEFAULTS = Path(__file__).parent / "defaults.toml"
"""The rules that ship with Mien; docs/monitor.md shows what they bring."""
TABLES = ("rule", "delivery", "target")
MOST_RULES = 100
MOST_NAME = 64

Made = TypeVar("Made", bound=Rule | Delivery | Target)
KINDS: dict[str, type[AnyRule]] = {
    "ewma": ChartRule, "cusum": ChartRule, "unseen": UnseenRule, "coverage": CoverageRule,
    "sudden": SuddenRule, "technical": TechnicalRule,
}  # fmt: skip
"""What ``kind`` of a rule may be."""
MOST_TARGETS = 20


def load_rules(path: str | Path = DEFAULTS) -> Rules:
    """The rules of a TOML file. Raises ``ConfigError`` and, for a measure, ``UnknownNameError``."""
    try:
        return read_rules(read_file(path, MOST_TOML, pipes=True), str(path))
    except OSError as error:
        raise ConfigError(f"cannot read the rules {path}: {error.strerror}") from None


def read_rules(text: bytes | str, where: str) -> Rules:
    """The rules of a TOML text; ``where`` begins the messages of errors."""
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from None
    tables = values.pop("rule", [])
    delivery = values.pop("delivery", {})
    targets = values.pop("target", [])
    if values:
        key = next(iter(values))
        raise ConfigError(f"{where}: unknown table {brief(key)}: {did_you_mean(key, TABLES, '')}")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{where}: each rule is a table [[rule]]")
    if not isinstance(targets, list) or not all(isinstance(table, dict) for table in targets):
        raise ConfigError(f"{where}: each target is a table [[target]]")
    if len(targets) > MOST_TARGETS:
        raise ConfigError(f"{where}: it has more than {MOST_TARGETS} targets")
    if len(tables) > MOST_RULES:
        raise ConfigError(f"{where}: it has more than {MOST_RULES} rules")
    if not isinstance(delivery, dict):
        raise ConfigError(f"{where}: delivery is a table [delivery]")
    rules = tuple(_rule(table, f"{where}, rule {n}") for n, table in enumerate(tables, 1))
    goals = tuple(_target(table, f"{where}, target {n}") for n, table in enumerate(targets, 1))
    for kind, names in (
        ("rules", [rule.name for rule in rules]), ("targets", [goal.name for goal in goals]),
    ):  # fmt: skip
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ConfigError(f"{where}: two {kind} are called {brief(twice)}; a name is used once")
    found = Rules(rules, _made(Delivery, delivery, f"{where}, delivery"))
    return replace(found, targets=goals) if goals else found


def _target(table: Mapping[str, Any], where: str) -> AnyTarget:
    values = dict(table)
    where = f"{where} ({_name(values, where)})"
    kind = values.pop("kind", None)
    if not isinstance(kind, str) or kind not in TARGETS:
        hint = did_you_mean(kind if isinstance(kind, str) else "", TARGETS, "kinds")
        raise ConfigError(f"{where}: unknown kind {brief(kind)}: {hint}")
    return _made(TARGETS[kind], values, where)


def _name(values: Mapping[str, Any], where: str) -> str:
    name = values.get("name")
    if not (is_text(name, MOST_NAME) and name and name.isprintable()):
        raise ConfigError(
            f"{where}: name must be printable text of at most {MOST_NAME} characters, got "
            f"{brief(name)}"
        )
    return str(name)


def _rule(table: Mapping[str, Any], where: str) -> AnyRule:
    values = dict(table)
    where = f"{where} ({_name(values, where)})"
    kind = values.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        hint = did_you_mean(kind if isinstance(kind, str) else "", KINDS, "kinds")
        raise ConfigError(f"{where}: unknown kind {brief(kind)}: {hint}")
    if KINDS[kind] is not ChartRule:
        return _made(KINDS[kind], values, where)
    own = {field.name for field in fields(Rule)} | {"measure"}
    known = own | {field.name for field in fields(Chart)} - {"kind"}
    if odd := next((key for key in values if key not in known), None):
        raise ConfigError(f"{where}: unknown key {brief(odd)}: {did_you_mean(odd, known, 'keys')}")
    chart = {key: value for key, value in values.items() if key not in own}
    rest = {key: value for key, value in values.items() if key in own}
    made = replace(CUSUM if kind == "cusum" else Chart(), **_typed(Chart, chart, where))
    return _made(ChartRule, rest, where, chart=made)


def _made(factory: type[Made], values: Mapping[str, Any], where: str, **ready: Any) -> Made:
    """A rule or the delivery, checked."""
    typed = _typed(factory, values, where)
    needed = [f.name for f in fields(factory) if f.default is f.default_factory is MISSING]
    if missing := [name for name in needed if name not in typed]:
        raise ConfigError(f"{where}: {missing[0]} is missing")
    made = factory(**typed, **ready)
    try:
        made.check()
    except (UnknownNameError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from None
    return made


def _typed(factory: Any, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``values`` as the types of ``factory``'s fields; a choice of texts is checked here."""
    hints = {key: kind for key, kind in get_type_hints(factory).items() if key in _names(factory)}
    choices = {key: get_args(kind) for key, kind in hints.items() if get_origin(kind) is Literal}
    plain = {key: str if key in choices else kind for key, kind in hints.items()}
    typed = convert_all(values, plain, where, noun="key", from_text=False)
    for key, allowed in choices.items():
        if key in typed and typed[key] not in allowed:
            hint = did_you_mean(typed[key], allowed, "values")
            raise ConfigError(f"{where}: {key} must not be {brief(typed[key])}: {hint}")
    return typed


def _names(factory: Any) -> set[str]:
    return {field.name for field in fields(factory)} - {"chart"}
