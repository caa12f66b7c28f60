"""Makes foreign text harmless: names and facts of files, printed on a terminal or put in tables.

File names, categories, labels, cards and scores come from other people. Printed as they are, they
could move the cursor, change the colours, hide or reorder text, or become a spreadsheet's formula.
"""

from __future__ import annotations

import re
from typing import TypeVar
from unicodedata import category

Value = TypeVar("Value")

_ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories of characters that act or hide instead of being seen: controls, formats such
as the bidirectional ones, lone surrogates, and separators of lines and paragraphs."""

_JOINERS = "\u200c\u200d"  # formats too, but Persian words and emoji are misspelt without them

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# With their full-width forms, which spreadsheets in East Asia read alike.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def for_terminal(text: object) -> str:
    """``text`` on one line, with every character that acts on a terminal shown as its escape.

    An escape character becomes ``\\x1b``, a line break ``\\n``; other text comes back unchanged.
    """
    plain = str(text)
    if plain.isprintable():
        return plain
    return "".join(_visible(character) for character in plain)


def for_markup(text: object) -> str:
    """``for_terminal`` of ``text``, with what Rich would read as markup escaped too.

    A console that prints it needs ``emoji=False``, else Rich turns ``:smile:`` into a picture.
    """
    from rich.markup import escape  # slow: not before something is printed

    return escape(for_terminal(text))


def for_json(json: str) -> str:
    """JSON text of the same value, with acting characters written as JSON's own escapes.

    Line breaks stay: inside strings they are escaped already.
    """
    if json.isprintable():
        return json
    return "".join(c if c == "\n" or _visible(c) == c else _utf16(c) for c in json)


def for_csv(value: Value) -> Value | str:
    """A cell's ``value`` that no spreadsheet runs as a formula.

    A text that begins like a formula gets an apostrophe in front. Numbers stay numbers, also those
    written as text, such as ``-0.5``. Other acting characters become visible, as in
    ``for_terminal``, but not line breaks: CSV has quotes for them.
    """
    if not isinstance(value, str):
        return value
    text = "\n".join(map(for_terminal, value.split("\n")))
    if value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{text}"
    return text


def for_utf8(value: Value) -> Value | str:
    """``value``; in a text, what UTF-8 cannot encode is shown as its escape.

    That is what file names on Linux may contain.
    """
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _visible(character: str) -> str:
    if category(character) in _ACTING and character not in _JOINERS:
        return repr(character)[1:-1]
    return character


def _utf16(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
