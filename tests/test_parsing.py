"""JSON and TOML that breaks a parser, or whoever uses what it returns, is a ValueError."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from mien.parsing import are_numbers, is_number, is_text, is_whole, parse_json, parse_toml

VALUES = [None, True, 0, -1, 10**39, 1.5e-300, "text [[[ {", [], {}, {"a": [1, {"b": "é\udcff"}]}]


@pytest.mark.parametrize("value", VALUES)
def test_json_that_python_writes(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value).encode(), "\ufeff" + json.dumps(value)):
        read = parse_json(text)
        assert read == value and type(read) is type(value)


HOSTILE_JSON = {
    "1" * 41: "more than 40 digits",
    "[-" + "1" * 5000 + "]": "more than 40 digits",
    "[" * 65 + "]" * 65: "more than 64 lists",
    '{"a":' * 3000 + "1" + "}" * 3000: "more than 64 lists",
    "[" * 1_000_000: "more than 64 lists",
    "1e400": "1e400 is not a finite number",
    "[-1E+400]": "not a finite number",
    "1" * 400 + ".0": "not a finite number",
    '{"a": NaN}': "NaN is not a finite number",
    "-Infinity": "-Infinity is not a finite number",
    "": "Expecting value",
    "[1,]": "Expecting value|Illegal trailing comma",  # Python 3.13 says the latter
}


@pytest.mark.parametrize("text", HOSTILE_JSON, ids=lambda text: text[:12])
def test_hostile_json(text: str) -> None:
    for data in (text, text.encode()):
        with pytest.raises(ValueError, match=HOSTILE_JSON[text]) as caught:
            parse_json(data)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 100


def test_bytes_that_are_not_utf_8() -> None:
    for parse in (parse_json, parse_toml):
        with pytest.raises(ValueError, match="not UTF-8 text from byte 4 on"):
            parse(b'"ab\xff"')


def test_infinities_where_the_caller_checks_them() -> None:
    assert parse_json("[1e400, -Infinity]", finite=False) == [math.inf, -math.inf]
    ones = parse_json(f"[1e400, {'1' * 41}, -{'1' * 5000}]", finite=False)
    assert ones == [math.inf, float("1" * 41), -math.inf]


def test_long_numbers_that_are_fine() -> None:
    digits = "3." + "1" * 5000
    assert parse_json(f"[{digits}, 1e300, 1.5e+299]") == [float(digits), 1e300, 1.5e299]
    assert parse_json('"' + "1" * 5000 + '"') == "1" * 5000


def test_limits_that_the_caller_sets() -> None:
    assert parse_json("[[1]]", depth=2, most=5) == [[1]]
    with pytest.raises(ValueError, match="more than 1 lists"):
        parse_json("[[1]]", depth=1)
    with pytest.raises(ValueError, match="longer than 4 bytes"):
        parse_json("[[1]]", most=4)
    with pytest.raises(ValueError, match="longer than 4 bytes"):
        parse_toml("a = 1", most=4)


def test_toml() -> None:
    text = 'a = 1\nb.c = [0.5, inf, "é", true]\n[d]\ne = [{ f = -9223372036854775808 }]\n'
    expected = {"a": 1, "b": {"c": [0.5, math.inf, "é", True]}, "d": {"e": [{"f": -(2**63)}]}}
    assert parse_toml(text) == parse_toml(text.encode()) == expected


HOSTILE_TOML = {
    "a = " + "1" * 400: "does not fit into 64 bits",
    "a = " + "1" * 5000: "too many digits",
    "a = [{ b = 0x" + "f" * 5000 + " }]": "does not fit into 64 bits",
    "a = " + "[" * 3000 + "]" * 3000: "more than 64 lists",
    "a = " + "[" * 65 + "]" * 65: "more than 64 lists",
    ".".join("a" * 100) + " = 1": "more than 64 lists",
    ".".join("a" * 100_000) + " = 1": "more than 200 dots",
    "a = 1979-05-27": "1979-05-27 is a date",
    "a = [07:32:00]": "07:32:00 is a date or time",
    "a = [1": "Unclosed array",
}


@pytest.mark.parametrize("text", HOSTILE_TOML, ids=lambda text: text[:12])
def test_hostile_toml(text: str) -> None:
    with pytest.raises(ValueError, match=HOSTILE_TOML[text]) as caught:
        parse_toml(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 150


def test_numbers() -> None:
    for value in (0, -1.5, 10**39, 1e308, 5e-324):
        assert is_number(value)
    for bad in (True, math.inf, -math.inf, math.nan, 10**400, "1", None, [1]):
        assert not is_number(bad)
    assert is_number(1, 1, 2) and not is_number(2.01, 1, 2) and not is_number(0.99, 1, 2)
    assert is_whole(2, 1, 2) and is_whole(-(2**63))
    for bad in (1.0, True, 2**63, 10**400, "1"):
        assert not is_whole(bad)


def test_several_numbers_and_texts() -> None:
    assert are_numbers((1, 2.5), 2) and are_numbers([0], 1, 0, 1)
    for bad in ((1,), (1, math.nan), (1, True), "12", {1: 1, 2: 2}):
        assert not are_numbers(bad, 2)
    assert is_text("é") and is_text("")
    for bad in ("\udcff", b"a", None, "a" * 70_000):
        assert not is_text(bad)
