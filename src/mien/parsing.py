"""Reads JSON and TOML of unknown origin, and checks the types of what they hold.

Python's own parsers accept input that later breaks whoever uses it: whole numbers of thousands of
digits, infinities, thousands of nested lists. Here size, depth and digits have bounds. Every
problem is a ``ValueError`` whose message is a reason on one line; callers add the file's name.
"""

from __future__ import annotations

import json
import math
import re
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 1 << 30
"""Default limit of a JSON text: annotations of a million faces take 200 MB."""
MOST_TOML = 1 << 18
"""Default limit of a TOML text."""
MOST_DEPTH = 64
"""Default limit of lists and objects inside each other."""
MOST_DIGITS = 40
"""Digits of the longest whole number in JSON; every such number fits a float."""

_LONG_NUMBER = re.compile(rf"\d{{{MOST_DIGITS + 1}}}|\d[eE]\+?\d{{3}}")
"""What every infinite number and every whole number with too many digits contains."""
_MOST_DOTS = 200  # tomllib takes quadratic time for the parts of a dotted key
_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST = sys.float_info.max


def parse_json(
    data: bytes | str, *, most: int = MOST_BYTES, depth: int = MOST_DEPTH, finite: bool = True
) -> Any:
    """The value of a JSON text in UTF-8, with or without a byte order mark.

    ``most``: characters or bytes of the longest text accepted; ``depth``: lists and objects inside
    each other. ``finite`` refuses ``NaN``, ``Infinity`` and numbers such as ``1e400``, which JSON
    does not have but Python writes. Whole numbers have at most ``MOST_DIGITS`` digits; without
    ``finite``, longer ones become floats, or infinite.

    Raises ``ValueError``.
    """
    text = decode(data, most)
    hooks: dict[str, Any] = {"parse_constant": _refuse} if finite else {}
    if _LONG_NUMBER.search(text):  # rarely: calling Python for each number doubles the time
        hooks["parse_int"] = _whole if finite else _any_size
        if finite:
            hooks["parse_float"] = _finite
    try:
        value = json.loads(text, **hooks)
    except RecursionError:
        raise _too_deep(depth) from None
    for _ in _levels(value, depth):
        pass
    return value


def parse_toml(data: bytes | str, *, most: int = MOST_TOML) -> dict[str, Any]:
    """The tables of a TOML text in UTF-8 of at most ``most`` bytes.

    Whole numbers have 64 bits, as TOML says. Dates and times are refused, because no file of Mien
    has any. ``inf`` and ``nan`` are valid TOML: check numbers with ``is_number``.

    Raises ``ValueError``.
    """
    text = decode(data, most)
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise ValueError(f"a line has more than {_MOST_DOTS} dots")
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(MOST_DEPTH) from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:  # Python's own limit, whose message advises to lift it
        raise ValueError("a whole number has too many digits") from None
    for level in _levels(values, MOST_DEPTH):
        for container in level:
            for value in container.values() if isinstance(container, dict) else container:
                if type(value) is int and not is_whole(value):
                    raise ValueError("a whole number does not fit into 64 bits")
                if not isinstance(value, bool | int | float | str | list | dict):
                    raise ValueError(f"{value} is a date or time: write text in quotes")
    return values


def decode(data: bytes | str, most: int) -> str:
    """``data`` as text, from UTF-8 with or without a byte order mark; ``ValueError`` if it is not.

    ``most``: bytes, or characters of text, of the longest input accepted.
    """
    if len(data) > most:
        raise ValueError(f"it is longer than {most:,} bytes")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text from byte {error.start + 1} on") from None


def is_number(value: Any, low: float = -_LARGEST, high: float = _LARGEST) -> bool:
    """Whether ``value`` is a finite number from ``low`` to ``high``; booleans do not count."""
    return type(value) in (int, float) and low <= value <= high


def is_whole(value: Any, low: int = -(2**63), high: int = 2**63 - 1) -> bool:
    """Whether ``value`` is an ``int`` from ``low`` to ``high``; booleans do not count."""
    return type(value) is int and low <= value <= high


def are_numbers(values: Any, count: int, low: float = -_LARGEST, high: float = _LARGEST) -> bool:
    """Whether ``values`` is a tuple or list of ``count`` numbers as ``is_number`` takes them."""
    return (
        isinstance(values, tuple | list)
        and len(values) == count
        and all(is_number(value, low, high) for value in values)
    )


def is_text(value: Any, most: int = 1 << 16) -> bool:
    """Whether ``value`` is text of at most ``most`` characters that UTF-8 can encode."""
    return isinstance(value, str) and len(value) <= most and not _SURROGATE.search(value)


def _levels(value: Any, most: int) -> Iterator[list[Any]]:
    """The dicts and lists in ``value``, level by level. ``ValueError`` beyond ``most`` levels.

    Without recursion, which could itself go too deep.
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        if not level:
            return
        yield level
        level = [
            inner
            for item in level
            for inner in (item.values() if type(item) is dict else item)
            if type(inner) is dict or type(inner) is list
        ]
    if level:
        raise _too_deep(most)


def _too_deep(most: int) -> ValueError:
    return ValueError(f"it has more than {most} lists or objects inside each other")


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise ValueError(f"a whole number has more than {MOST_DIGITS} digits")
    return int(digits)


def _any_size(digits: str) -> float:
    """An ``int``, or a float where it has too many digits."""
    return int(digits) if len(digits.lstrip("-")) <= MOST_DIGITS else float(digits)


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _refuse(text: str) -> float:
    raise ValueError(f"{text[:20]} is not a finite number")
