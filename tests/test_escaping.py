from __future__ import annotations

import csv
import json
import unicodedata
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from mien.escaping import for_csv, for_json, for_markup, for_terminal

EVERYTHING = "".join(map(chr, range(0x110000)))


def acts(character: str) -> bool:
    """Whether a terminal does something with a character other than to print it in its place."""
    code = ord(character)
    controls = code < 0x20 or 0x7F <= code < 0xA0
    surrogates = 0xD800 <= code < 0xE000
    reorders = unicodedata.bidirectional(character) in {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip
    return controls or surrogates or reorders or code in (0x2028, 0x2029, 0xFEFF, 0x200B)


def test_no_character_that_acts_reaches_a_terminal() -> None:
    shown = for_terminal(EVERYTHING)
    assert not [hex(ord(character)) for character in shown if acts(character)]


@pytest.mark.parametrize(
    "text", ["plain.jpg", "Zoë & 李 — 5 × 7.jpg", "می‌خواهم", "👩‍🚀", "a\u00a0b\u202fc", "[b]$x$\\n"]
)
def test_what_can_be_seen_is_unchanged(text: str) -> None:
    assert for_terminal(text) == text == for_json(text) == for_csv(text)


def test_escapes_are_those_of_python() -> None:
    assert for_terminal("\x1b[2J\n\u202egpj.exe\x9b\udc80") == (
        "\\x1b[2J\\n\\u202egpj.exe\\x9b\\udc80"
    )
    assert for_terminal(Path("a\tb")) == "a\\tb"


@pytest.mark.parametrize(
    "text", ["[bold]x[/bold]", "[/x]", "[link=http://x]y", ":smile:", "a[b", "\\[x]", "\x1b[31mred"]
)
def test_markup_is_printed_as_it_is(text: str) -> None:
    page = StringIO()
    console = Console(file=page, force_terminal=True, emoji=False, highlight=False, width=200)
    console.print(f"[bold]{for_markup(text)}[/bold]|")
    assert page.getvalue() == f"\x1b[1m{for_terminal(text)}\x1b[0m|\n"


def test_json_keeps_its_value_and_loses_what_acts() -> None:
    value = {"name": EVERYTHING.replace("\n", ""), "": ["\n", 1.5, None]}
    text = for_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert not [hex(ord(character)) for character in text if acts(character) and character != "\n"]
    assert "é" in text
    pairs = json.loads(text)["name"].encode("utf-16", "surrogatepass")
    assert pairs == value["name"].encode("utf-16", "surrogatepass")  # type: ignore[union-attr]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(first: str) -> None:
    cell = for_csv(f"{first}cmd|' /C calc'!A0")
    assert cell.startswith("'")
    page = StringIO()
    csv.writer(page, lineterminator="\n").writerow([cell, "next"])
    assert not [c for c in page.getvalue() if acts(c) and c != "\n"]
    assert next(csv.reader(StringIO(page.getvalue()))) == [cell, "next"]


@pytest.mark.parametrize("value", ["-0.5", "+1", "-1e-05", "-.5", -0.5, 3, None, "1", "", "a=b"])
def test_numbers_and_harmless_text_stay(value: object) -> None:
    assert for_csv(value) is value


@pytest.mark.parametrize("value", ["-1+1", "-0.5\n", "+1_0", "-", "-٣", "-inf"])
def test_what_is_not_quite_a_number_is_text(value: str) -> None:
    assert for_csv(value).startswith("'")
