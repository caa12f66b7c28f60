"""Search spaces: TOML files that say which values ``mien tune`` may give to a recipe's keys."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_type_hints

from mien.errors import ConfigError, UnknownNameError, nearest
from mien.registry import architectures
from mien.train.classification.config import ClassifierConfig
from mien.train.recipe import named_file, read_toml

METHODS = ("grid", "random", "tpe")
SPACES = Path(__file__).parent / "spaces"
FIXED = (
    "name", "description", "dataset", "dataset_options", "splits", "splits_from", "splits_seed",
    "train_split", "valid_split", "limit", "needs_teacher",
)  # fmt: skip
"""Keys that say what is measured and on which pictures: trials that differ there are no match."""
MOST_TRIED = 256  # combinations of the other keys' ends, when a value is checked beforehand

Value = bool | int | float | str
"""What a trial stores: a setting, or for a list its JSON text."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high``, both included."""

    low: float
    high: float
    step: float | None
    """Distance of the values; of whole numbers 1 where ``log`` is not set."""
    log: bool
    """Drawn evenly by orders of magnitude."""
    whole: bool
    """Whole numbers alone."""

    def values(self) -> tuple[Value, ...] | None:
        """Every value, or ``None`` where there is no end of them."""
        if self.step is None:
            return None
        count = round((self.high - self.low) / self.step) + 1
        values = (round(self.low + index * self.step, 12) for index in range(count))
        return tuple(int(value) if self.whole else value for value in values)

    def ends(self) -> tuple[Value, ...]:
        """What is checked before the first trial."""
        return (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Choices:
    """A few values of any type."""

    choices: tuple[Value, ...]

    def values(self) -> tuple[Value, ...]:
        """Every value."""
        return self.choices

    def ends(self) -> tuple[Value, ...]:
        """What is checked before the first trial."""
        return self.choices


@dataclass(frozen=True, slots=True)
class Space:
    """What each tuned key may be, in the order of the file."""

    keys: Mapping[str, Range | Choices]

    def config(self, base: ClassifierConfig, params: Mapping[str, Value]) -> ClassifierConfig:
        """``base`` with the settings of one trial; raises ``ConfigError`` where they clash."""
        settings = {key: plain(key, value) for key, value in params.items()}
        return ClassifierConfig.from_dict({**base.to_dict(), **settings}, where="this combination")

    def grid(self) -> list[dict[str, Value]]:
        """Every combination, for ``method grid``; ``ConfigError`` where there is no end of them."""
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
        """JSON-ready, for telling one space from another."""
        found: dict[str, Any] = json.loads(
            json.dumps({key: asdict(rule) for key, rule in self.keys.items()})
        )
        return found


def plain(key: str, value: Value) -> Any:
    """A trial's value as a recipe has it: lists are stored as JSON text, 0.3 as 0.3000…04."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return json.loads(value) if _is_list(key) and isinstance(value, str) else value


def load_space(name_or_path: str | Path, base: ClassifierConfig) -> Space:
    """Read a search space by name or TOML file, and check it against the recipe it is for.

    Every choice and both ends of every range must be possible with ``base`` and some of the other
    keys' values. Raises ``UnknownNameError`` and ``ConfigError``.
    """
    path = named_file("search space", name_or_path, SPACES)
    found = read_toml("search space", path)
    if not found:
        raise ConfigError(f"the search space {path} names no key to tune")
    where = f"search space {name_or_path}"
    space = Space({key: _rule(key, said, where) for key, said in found.items()})
    _check_values(space, base, where)
    return space


def _is_list(key: str) -> bool:
    return "tuple" in str(get_type_hints(ClassifierConfig)[key])


def _rule(key: str, said: Any, where: str) -> Range | Choices:
    """The rule of one key."""
    hints = get_type_hints(ClassifierConfig)
    if key not in hints:
        near = nearest(key, hints)
        hint = f"did you mean {near!r}?" if near else "the keys are those of a recipe"
        raise ConfigError(f"{where}: unknown key {key!r}: {hint}")
    if key in FIXED:
        raise ConfigError(
            f"{where}: {key} cannot be tuned, since trials would not be measured on the same "
            "pictures: set it in the recipe"
        )
    where = f"{where}: {key}"
    if isinstance(said, list):
        return _choices(key, said, where)
    known = ("choices", "low", "high", "step", "log")
    if not isinstance(said, dict):
        raise ConfigError(f"{where} must be a list of choices or a table ({', '.join(known)})")
    for name in said:
        if name not in known:
            near = nearest(name, known)
            raise ConfigError(
                f"{where}: unknown word {name!r}: "
                + (f"did you mean {near!r}?" if near else f"expected {', '.join(known)}")
            )
    if "choices" in said:
        if len(said) > 1 or not isinstance(said["choices"], list):
            raise ConfigError(f"{where}: choices must be a list and stand alone")
        return _choices(key, said["choices"], where)
    return _range(said, hints[key], where)


def _choices(key: str, said: list[Any], where: str) -> Choices:
    texts = [json.dumps(value) for value in said]
    if not said:
        raise ConfigError(f"{where}: the list of choices is empty")
    if len(set(texts)) < len(texts):
        raise ConfigError(f"{where}: the same choice twice")
    if _is_list(key):
        return Choices(tuple(texts))
    for value in said:
        if not isinstance(value, bool | int | float | str):
            raise ConfigError(f"{where}: {value!r} is no value for this key")
    return Choices(tuple(said))


def _range(said: Mapping[str, Any], hint: Any, where: str) -> Range:
    kinds = {int: True, int | None: True, float: False, float | None: False}
    if hint not in kinds:
        raise ConfigError(f"{where} is no number: list its choices")
    whole = kinds[hint]
    if not {"low", "high"} <= said.keys():
        raise ConfigError(f"{where}: a range needs low and high (or give choices)")
    log = said.get("log", False)
    if type(log) is not bool:
        raise ConfigError(f"{where}: log must be true or false, got {log!r}")
    numbers = {}
    for name in ("low", "high", "step"):
        value = said.get(name)
        if value is None:
            continue
        if type(value) is not int and (whole or type(value) is not float):
            kind = "a whole number" if whole else "a number"
            raise ConfigError(f"{where}: {name} must be {kind}, got {value!r}")
        if not math.isfinite(value):
            raise ConfigError(f"{where}: {name} must be finite, got {value!r}")
        numbers[name] = value if whole else float(value)
    low, high, step = numbers["low"], numbers["high"], numbers.get("step")
    if low > high:
        raise ConfigError(f"{where}: low ({low}) is above high ({high})")
    if log and low <= 0:
        raise ConfigError(f"{where}: log needs a low above 0, got {low}")
    if log and step is not None:
        raise ConfigError(f"{where}: log and step exclude each other: list the choices instead")
    if step is None and whole and not log:
        step = 1
    if step is not None:
        steps = (high - low) / step if step > 0 else 0.5
        if abs(steps - round(steps)) > 1e-6:
            raise ConfigError(f"{where}: step ({step}) must be positive and lead from low to high")
    return Range(low, high, step, log, whole)


def _check_values(space: Space, base: ClassifierConfig, where: str) -> None:
    """Refuse a value that the recipe takes in no combination with the other keys' ends."""
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
                raise ConfigError(f"{where}: {key} = {plain(key, value)} is refused: {reason}")


def _combinations(space: Space, key: str) -> Iterator[dict[str, Value]]:
    """Settings of the keys beside ``key``: none at all, then combinations of their ends."""
    yield {}
    ends = {name: rule.ends() for name, rule in space.keys.items() if name != key}
    if math.prod(map(len, ends.values())) <= MOST_TRIED:
        yield from (dict(zip(ends, values, strict=True)) for values in product(*ends.values()))
        return
    rng = random.Random(0)
    for _ in range(MOST_TRIED):
        yield {name: rng.choice(values) for name, values in ends.items()}
