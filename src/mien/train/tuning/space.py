"""Search spaces: TOML files with the values that ``mien tune`` tries for a recipe's keys."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_type_hints

from mien.errors import ConfigError, UnknownNameError, brief, nearest
from mien.parsing import is_number, is_whole, parse_json
from mien.registry import architectures
from mien.train.classification.config import ClassifierConfig
from mien.train.recipe import named_file, read_toml

METHODS = ("grid", "random", "tpe")
SPACES = Path(__file__).parent / "spaces"
FIXED = (
    "name", "description", "dataset", "dataset_options", "splits", "splits_from", "splits_seed",
    "train_split", "valid_split", "limit", "needs_teacher",
)  # fmt: skip
"""Keys that cannot be tuned: they decide what is measured and on which pictures."""
MAX_GRID = 100_000
"""Points of the largest grid; nobody can train that often."""
MAX_COMBINATIONS = 256  # of the other keys' ends, tried when a value is checked beforehand

Value = bool | int | float | str
"""A setting as a trial stores it: a list as JSON text."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high``, both included."""

    low: float
    high: float
    step: float | None
    """Distance between values; for whole numbers 1 by default, unless ``log`` is set."""
    log: bool
    """Whether values are drawn evenly by orders of magnitude."""
    whole: bool
    """Whether values are whole numbers."""

    def values(self) -> tuple[Value, ...] | None:
        """Every value, or ``None`` for a continuous range."""
        if self.step is None:
            return None
        values = (round(self.low + index * self.step, 12) for index in range(self.count()))
        return tuple(int(value) if self.whole else value for value in values)

    def count(self) -> int:
        """How many values there are; 0 for a continuous range."""
        return 0 if self.step is None else round((self.high - self.low) / self.step) + 1

    def ends(self) -> tuple[Value, ...]:
        """What is checked before the first trial."""
        return (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Choices:
    """A list of values of any type."""

    choices: tuple[Value, ...]

    def values(self) -> tuple[Value, ...]:
        """Every value."""
        return self.choices

    def count(self) -> int:
        """How many values there are."""
        return len(self.choices)

    def ends(self) -> tuple[Value, ...]:
        """What is checked before the first trial."""
        return self.choices


@dataclass(frozen=True, slots=True)
class Space:
    """The values of each tuned key, in the order of the file."""

    keys: Mapping[str, Range | Choices]

    def config(self, base: ClassifierConfig, params: Mapping[str, Value]) -> ClassifierConfig:
        """``base`` with the settings of one trial. Raises ``ConfigError`` if they clash."""
        settings = {key: plain(key, value) for key, value in params.items()}
        return ClassifierConfig.from_dict({**base.to_dict(), **settings}, where="this combination")

    def grid(self) -> list[dict[str, Value]]:
        """Every combination of values.

        Raises ``ConfigError`` for a continuous range, and for more than ``MAX_GRID`` combinations.
        """
        if (points := math.prod(rule.count() for rule in self.keys.values())) > MAX_GRID:
            raise ConfigError(
                f"a grid of {points:,} combinations is too large: use --method random or tpe, or "
                f"leave at most {MAX_GRID:,}"
            )
        columns = {}
        for key, rule in self.keys.items():
            values = rule.values()
            if values is None:
                raise ConfigError(
                    f"a grid needs single values, and {key} is a range without a step: give it "
                    "'step' or 'choices', or use --method random or tpe"
                )
            columns[key] = values
        return [dict(zip(columns, values, strict=True)) for values in product(*columns.values())]

    def count_trials(self, method: str, trials: int | None) -> int:
        """Trials of a whole search: ``trials``, or those of a grid where they are fewer.

        Raises ``ConfigError`` for an unknown method, no trial, or a method that needs a number.
        """
        if method not in METHODS:
            raise ConfigError(f"method must be {', '.join(METHODS)}, got {method!r}")
        if trials is not None and trials < 1:
            raise ConfigError(f"a search needs 1 trial or more, got {trials}")
        if method == "grid":
            points = len(self.grid())
            return min(trials or points, points)
        if trials is None:
            raise ConfigError(f"--method {method} needs --trials N: only a grid ends by itself")
        return trials

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; equal for equal spaces."""
        rules: dict[str, Any] = {key: asdict(rule) for key, rule in self.keys.items()}
        return {**json.loads(json.dumps(rules))}


def plain(key: str, value: Value) -> Any:
    """A trial's value as a recipe has it: a list from JSON text, 0.3 from 0.3000…04."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return parse_json(value) if _is_list(key) and isinstance(value, str) else value


def load_space(name_or_path: str | Path, base: ClassifierConfig) -> Space:
    """Read a search space by name or TOML file, and check it against the recipe ``base``.

    Each choice and both ends of each range must be valid with some values of the other keys.
    Raises ``UnknownNameError`` and ``ConfigError``.
    """
    path = named_file("search space", name_or_path, SPACES)
    entries = read_toml("search space", path)
    if not entries:
        raise ConfigError(f"the search space {path} names no key to tune")
    where = f"search space {name_or_path}"
    space = Space({key: _rule(key, entry, where) for key, entry in entries.items()})
    _check_values(space, base, where)
    return space


def _is_list(key: str) -> bool:
    return "tuple" in str(get_type_hints(ClassifierConfig)[key])


def _rule(key: str, entry: Any, where: str) -> Range | Choices:
    hints = get_type_hints(ClassifierConfig)
    if key not in hints:
        near = nearest(key, hints)
        hint = f"did you mean {near!r}?" if near else "the keys are those of a recipe"
        raise ConfigError(f"{where}: unknown key {brief(key)}: {hint}")
    if key in FIXED:
        raise ConfigError(
            f"{where}: {key} cannot be tuned, because all trials must be measured on the same "
            "pictures: set it in the recipe"
        )
    where = f"{where}: {key}"
    if isinstance(entry, list):
        return _choices(key, entry, where)
    known = ("choices", "low", "high", "step", "log")
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} must be a list of choices or a table ({', '.join(known)})")
    for name in entry:
        if name not in known:
            near = nearest(name, known)
            raise ConfigError(
                f"{where}: unknown entry {brief(name)}: "
                + (f"did you mean {near!r}?" if near else f"expected {', '.join(known)}")
            )
    if "choices" in entry:
        if len(entry) > 1 or not isinstance(entry["choices"], list):
            raise ConfigError(f"{where}: choices must be a list, without low, high, step or log")
        return _choices(key, entry["choices"], where)
    return _range(entry, hints[key], where)


def _choices(key: str, values: list[Any], where: str) -> Choices:
    try:
        texts = [json.dumps(value, allow_nan=False) for value in values]
    except ValueError:
        raise ConfigError(f"{where}: choices must be finite, got {brief(values)}") from None
    if not values:
        raise ConfigError(f"{where}: the list of choices is empty")
    if len(set(texts)) < len(texts):
        raise ConfigError(f"{where}: a choice is listed twice")
    if _is_list(key):
        return Choices(tuple(texts))
    for value in values:
        if not isinstance(value, bool | int | float | str):
            raise ConfigError(f"{where}: {brief(value)} is not a value for this key")
    return Choices(tuple(values))


def _range(entry: Mapping[str, Any], hint: Any, where: str) -> Range:
    kinds = {int: True, int | None: True, float: False, float | None: False}
    if hint not in kinds:
        raise ConfigError(f"{where} is not a number: list its choices")
    whole = kinds[hint]
    if not {"low", "high"} <= entry.keys():
        raise ConfigError(f"{where}: a range needs low and high (or give choices)")
    log = entry.get("log", False)
    if type(log) is not bool:
        raise ConfigError(f"{where}: log must be true or false, got {brief(log)}")
    numbers = {}
    for name in ("low", "high", "step"):
        value = entry.get(name)
        if value is None:
            continue
        if not (is_whole(value) if whole else is_number(value)):
            kind = "a whole number" if whole else "a finite number"
            raise ConfigError(f"{where}: {name} must be {kind}, got {brief(value)}")
        numbers[name] = value if whole else float(value)
    low, high, step = numbers["low"], numbers["high"], numbers.get("step")
    if low > high:
        raise ConfigError(f"{where}: low ({low}) is above high ({high})")
    if log and low <= 0:
        raise ConfigError(f"{where}: log needs a low above 0, got {low}")
    if log and step is not None:
        raise ConfigError(f"{where}: log and step exclude each other: list choices instead")
    if step is None and whole and not log:
        step = 1
    if step is not None:
        steps = (high - low) / step if step > 0 else math.inf
        if not steps < 2**53 or abs(steps - round(steps)) > 1e-6:
            raise ConfigError(f"{where}: step ({step}) must be positive and lead from low to high")
    return Range(low, high, step, log, whole)


def _check_values(space: Space, base: ClassifierConfig, where: str) -> None:
    """Raise ``ConfigError`` for a value that is invalid with every combination of other ends."""
    for name in space.keys["architecture"].ends() if "architecture" in space.keys else ():
        if name not in architectures.names():
            raise UnknownNameError("architecture", str(name), architectures.names())
    for key, rule in space.keys.items():
        for value in rule.ends():
            reason = ""
            for others in _combinations(space, key):
                try:
                    space.config(base, {**others, key: value})
                    break
                except ConfigError as error:
                    reason = reason or str(error)
            else:
                raise ConfigError(
                    f"{where}: {key} = {brief(plain(key, value))} is refused: {reason}"
                )


def _combinations(space: Space, key: str) -> Iterator[dict[str, Value]]:
    """Settings of the other keys: none, then combinations of their ends."""
    yield {}
    ends = {name: rule.ends() for name, rule in space.keys.items() if name != key}
    if math.prod(map(len, ends.values())) <= MAX_COMBINATIONS:
        yield from (dict(zip(ends, values, strict=True)) for values in product(*ends.values()))
        return
    rng = random.Random(0)
    for _ in range(MAX_COMBINATIONS):
        yield {name: rng.choice(values) for name, values in ends.items()}
