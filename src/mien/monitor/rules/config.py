"""The kinds of rules and their keys. Each key is one of the same name in the TOML file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time
from typing import Any, ClassVar, Literal

from mien.errors import UnknownNameError, brief
from mien.monitor.baseline import LEAST_DAYS
from mien.monitor.detection import Chart
from mien.monitor.measures import COVERAGE, measure
from mien.monitor.rules.delivery_targets import AnyTarget, StandardOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule has."""

    kind: ClassVar[str]
    on_person: ClassVar[bool] = True
    """Whether the rule is about a person, or about the installation."""

    name: str
    minimum_h: float = 0.0
    """Hours that the condition must hold before an alert opens (minimum duration)."""
    cooldown_h: float = 72.0
    """Hours after a message about this rule and person in which no other one about them is sent."""
    urgent: bool = False
    """An urgent message waits for no quiet hours, no grouping and no budget."""
    escalate_h: float = 0.0
    """Hours without an acknowledgement after which the message is sent again; 0: never."""
    escalations: int = 1
    """How often at most."""
    persons: tuple[str, ...] = ()
    """Pseudonyms of those whom the rule is about; empty: everybody."""

    def is_about(self, person: str) -> bool:
        """Whether the rule is about this person."""
        return self.on_person and (not self.persons or person in self.persons)

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is out of range."""
        within(self, "minimum_h", 0, 24 * 90)
        within(self, "cooldown_h", 0, 24 * 365)
        within(self, "escalate_h", 0, 24 * 90)
        within(self, "escalations", 0, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRule(Rule):
    """Beyond the person's own baseline: ``kind`` "ewma" or "cusum". A key for each of ``Chart``."""

    kind: ClassVar[str] = "chart"

    measure: str
    chart: Chart = field(default_factory=Chart)

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is out of range."""
        Rule.check(self)
        measure(self.measure)
        within(self.chart, "limit", 0.1, 100)
        within(self.chart, "weight", 0.01, 1)
        within(self.chart, "slack", 0, 5)
        within(self.chart, "baseline_days", LEAST_DAYS, 365)
        within(self.chart, "window", LEAST_DAYS, 3650)
        within(self.chart, "guard", 0, 90)
        within(self.chart, "accept_after", 0, 3650)
        within(self.chart, "clear", 0, 1)
        within(self.chart, "cap", 1, 1000)
        within(self.chart, "confirm", 1, 30)
        within(self.chart, "floor", 0, 1000)
        if 0 < self.chart.accept_after < LEAST_DAYS:
            raise ValueError(
                f"accept_after must be 0 or at least {LEAST_DAYS}, a baseline's days, "
                f"got {self.chart.accept_after}"
            )
        if self.chart.learning and self.chart.window < LEAST_DAYS + self.chart.guard:
            raise ValueError(
                f"window must be at least {LEAST_DAYS} days more than guard, got "
                f"{self.chart.window} and {self.chart.guard}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenRule(Rule):
    """Not seen for a while, within waking hours."""

    kind: ClassVar[str] = "unseen"

    hours: float
    """Waking hours without the person's face while the camera ran."""
    waking: str = "08:00-21:00"
    """Local hours that count."""

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is out of range."""
        Rule.check(self)
        within(self, "hours", 0.1, 24 * 30)
        span(self.waking, "waking")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRule(Rule):
    """Seen for much less than usual: the camera moved, the light failed, or habits changed."""

    kind: ClassVar[str] = "coverage"

    below: float = 0.3
    """Share of the usual hours below which a day counts."""
    days: int = 3
    """Such days, one after the other, that make an alarm."""
    clear: float = 0.5
    """The alarm ends with a day of at least this share (hysteresis)."""

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is out of range."""
        Rule.check(self)
        within(self, "below", 0, 1)
        within(self, "days", 1, 60)
        within(self, "clear", self.below, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuddenRule(Rule):
    """A sudden change within the day: the last hours against the same hours of other days."""

    kind: ClassVar[str] = "sudden"

    measure: str
    hours: int = 3
    """The last full hours that are looked at together."""
    limit: float = 5.0
    """Own standard deviations of these hours' values."""
    clear: float = 2.5
    """The alarm ends within this many."""
    direction: Literal["both", "above", "below"] = "both"

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is out of range."""
        Rule.check(self)
        if measure(self.measure).name == COVERAGE:
            raise ValueError("coverage does not change suddenly: use the kind 'unseen'")
        within(self, "hours", 1, 12)
        within(self, "limit", 1, 100)
        within(self, "clear", 0, self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicalRule(Rule):
    """The installation: a camera is down, the disk is nearly full, or the clock jumped."""

    kind: ClassVar[str] = "technical"
    on_person: ClassVar[bool] = False

    what: Literal["camera", "disk", "clock"]
    minutes: float = 15.0
    """camera: without a picture."""
    free: float = 0.05
    """disk: share that is free."""
    seconds: float = 120.0
    """clock: by which it jumped."""

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is out of range."""
        Rule.check(self)
        within(self, "minutes", 0.1, 24 * 60 * 30)
        within(self, "free", 0, 1)
        within(self, "seconds", 1, 24 * 3600)


AnyRule = ChartRule | UnseenRule | CoverageRule | SuddenRule | TechnicalRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """When messages are sent."""

    quiet: str = "21:00-08:00"
    """Local hours in which only urgent messages are sent; empty: none."""
    daily_budget: int = 5
    """Messages a local day, over all persons; those beyond it wait for the next day."""
    group: bool = True
    """One message a person and local day; what comes later waits for the next day."""

    def check(self) -> None:
        """Raise ``ValueError`` with the reason if a value is out of range."""
        within(self, "daily_budget", 1, 1000)
        if self.quiet:
            span(self.quiet, "quiet")


@dataclass(frozen=True, slots=True)
class Rules:
    """A file of rules."""

    rules: tuple[AnyRule, ...]
    delivery: Delivery = field(default_factory=Delivery)
    targets: tuple[AnyTarget, ...] = (StandardOutput(name="output"),)
    """Where messages go."""

    def named(self, name: str) -> AnyRule:
        """The rule called ``name``. Raises ``UnknownNameError``, with the nearest name."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise UnknownNameError("rule", name, [rule.name for rule in self.rules])


_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def span(text: str, key: str) -> tuple[time, time]:
    """Two local times of day. Past midnight if the second is earlier. Raises ``ValueError``."""
    found = _SPAN.fullmatch(text)
    if not found or found[1] + found[2] == found[3] + found[4]:
        raise ValueError(f"{key} must be two times such as 21:00-08:00, got {brief(text)}")
    first, second, third, fourth = (int(part) for part in found.groups())
    return time(first, second), time(third, fourth)


def within(owner: Any, key: str, low: float, high: float) -> None:
    """Raise ``ValueError`` if the value of ``key`` is not a finite number from low to high."""
    value = getattr(owner, key)
    if not low <= value <= high:
        raise ValueError(f"{key} must be from {low:g} to {high:g}, got {value:g}")
