"""Write docs/recipes.md: every key of a recipe, from the docstrings of the configs.

    python tools/recipes_page.py

A test checks that the page is up to date.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from mien.train.classification.config import ClassifierConfig
from mien.train.config import BaseConfig
from mien.train.detection.config import DetectorConfig
from mien.train.ranges import rules

PAGE = Path(__file__).resolve().parents[1] / "docs" / "recipes.md"
HEAD = """# Every key of a recipe

This page is generated from the configs' docstrings by `python tools/recipes_page.py`. How to use
recipes is in [training.md](training.md), [fine_tuning.md](fine_tuning.md) and
[detection_training.md](detection_training.md). `mien train --list` lists the recipes that ship with
Mien, and `mien train --show NAME` prints one of them.

A recipe is a TOML file of the keys that differ from their defaults. A key without a default must be
given. An empty text, `""`, stands for none.

"""


@dataclass(frozen=True)
class Key:
    """One row of a table."""

    name: str
    kind: str
    default: str
    allowed: str
    text: str


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, config in (
        ("Classifiers", ClassifierConfig), ("Face detectors", DetectorConfig)
    ):  # fmt: skip
        parts.append(f"## {title}\n\n")
        for section, keys in sections(config).items():
            parts.append(f"### {title}: {section}\n\n")
            parts.append("| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n")
            for key in keys:
                cells = (f"`{key.name}`", key.kind, key.default, key.allowed, key.text)
                parts.append(f"| {' | '.join(cells)} |\n")
            parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


def sections(config: Any) -> dict[str, list[Key]]:
    """The keys of a config by the section of the source that they stand in."""
    found: dict[str, list[Key]] = {}
    texts: dict[str, str] = {}
    homes: dict[str, str] = {}
    for kind in (BaseConfig, config):
        for section, name, text in documented(kind):
            homes[name] = section
            if text or name not in texts:
                texts[name] = text
    hints, allowed = get_type_hints(config), rules(config)
    for field in fields(config):
        rule = allowed[field.name]
        key = Key(
            name=field.name,
            kind=type_name(hints[field.name]),
            default="" if field.default is MISSING else shown(field.default),
            allowed=cell(rule.must.removeprefix("be ")) if rule else "",
            text=cell(texts[field.name]),
        )
        found.setdefault(homes[field.name], []).append(key)
    return found


def documented(kind: Any) -> Iterator[tuple[str, str, str]]:
    """Section, name and docstring of each field in a class's source."""
    source = inspect.getsource(kind)
    lines = source.splitlines()
    marks = [(n, m[1]) for n, line in enumerate(lines, 1) if (m := _SECTION.search(line))]
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    for node, after in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                text = inspect.cleandoc(str(after.value.value))
            section = [name for line, name in marks if line < node.lineno]
            yield section[-1] if section else "name", node.target.id, text


_SECTION = re.compile(r"# --- (.+?)(?:,.*)? ---")


def type_name(hint: Any) -> str:
    """A type in a reader's words."""
    text = str(hint) if "[" in str(hint) or "|" in str(hint) else hint.__name__
    names = {
        "str": "text", "int": "whole number", "float": "number", "bool": "true or false",
        "str | None": "text", "int | None": "whole number",
        "tuple[int, ...]": "list of whole numbers", "tuple[float, ...]": "list of numbers",
        "tuple[str, ...]": "list of texts", "tuple[tuple[float, int], ...]": "list of pairs",
        "str | tuple[str, ...] | None": "text, or list of texts",
    }  # fmt: skip
    return names.get(text, cell(text))


def shown(value: Any) -> str:
    """A value in TOML's spelling."""
    return f"`{json.dumps('' if value is None else value)}`"


def cell(text: str) -> str:
    """Text of a docstring as a table's cell."""
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
