"""The page's files as they lie in the package: what no browser is needed for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import mien
from mien.drawing.colors import COLORS, UNCERTAIN
from mien.labels import AFFECTNET8, FER2013

PAGE = Path(mien.__file__).parent / "server" / "page"
SCRIPTS = sorted(path for path in (PAGE / "js").rglob("*.js"))
ENGLISH = json.loads((PAGE / "lang" / "en.json").read_text())


def paths(book: dict[str, object], before: str = "") -> set[str]:
    """Keys as ``t`` takes them; the forms of a plural are one."""
    found = set()
    for key, value in book.items():
        if isinstance(value, dict) and "other" not in value:
            found |= paths(value, f"{before}{key}.")
        else:
            found.add(before + key)
    return found


def test_colours_are_those_of_drawings() -> None:
    css = (PAGE / "css" / "tokens.css").read_text()
    for label, color in {**COLORS, "uncertain": UNCERTAIN}.items():
        assert f"--{label}: {color};" in css


def test_every_expression_has_a_word() -> None:
    assert {*FER2013, *AFFECTNET8, "uncertain"} <= set(ENGLISH["expressions"])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_texts_that_a_module_uses_are_there(path: Path) -> None:
    used = set(re.findall(r'\bt\("([\w.]+)"', path.read_text()))
    assert used <= paths(ENGLISH)


def test_nothing_is_parsed_as_html_and_nothing_comes_from_elsewhere() -> None:
    for path in [*SCRIPTS, PAGE / "index.html", *(PAGE / "css").glob("*.css")]:
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        addresses = set(re.findall(r"https?://[^\s\"'`]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path


def test_modules_of_the_first_view_are_asked_for_at_once() -> None:
    index = (PAGE / "index.html").read_text()
    needed, waiting = set(), [PAGE / "js" / "main.js", PAGE / "js" / "views" / "picture.js"]
    while waiting:
        path = waiting.pop()
        if path not in needed:
            needed.add(path)
            found = re.findall(r'^import [^;]*?"(\.[^"]+)"', path.read_text(), re.MULTILINE)
            waiting += [(path.parent / name).resolve() for name in found]
    listed = re.findall(r'rel="modulepreload" href="([^"]+)"', index)
    assert {PAGE / name for name in listed} | {PAGE / "js" / "main.js"} == needed
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_module_says_what_it_is_for_and_can_be_read_in_one_sitting(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith("// ") and len(lines) <= 300
