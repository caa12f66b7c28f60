"""The documents name only what exists: modules, members, imports, files and other pages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.doc_names import dotted_names, resolve

REPO = Path(__file__).parents[2]
PAGES = sorted((REPO / "docs").glob("*.md"))
TEXTS = {page.name: page.read_text("utf-8") for page in PAGES}
REFERENCES = sorted(
    (page, name) for page, text in TEXTS.items() for name in dotted_names(text) - {"mien.MienError"}
)
PYTHON = [
    pytest.param(code, id=f"{page} {number}")
    for page, text in TEXTS.items()
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
]


@pytest.mark.parametrize(("page", "name"), REFERENCES)
def test_every_dotted_name_exists(page: str, name: str) -> None:
    assert resolve(name) is not None


@pytest.mark.parametrize("code", PYTHON)
def test_every_import_works(code: str) -> None:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mien"):
            for alias in node.names:
                assert resolve(f"{node.module}.{alias.name}") is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXTS[page.name]):
        name, _, anchor = target.partition("#")
        other = page.parent / name if name else page
        assert other.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", other.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in anchors, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_file_of_the_repository_exists(page: Path) -> None:
    paths = re.findall(r"(?:src|tests|tools|benchmarks)/[\w/]+\.\w+", TEXTS[page.name])
    missing = [path for path in paths if not (REPO / path).exists()]
    assert not missing


def test_the_index_names_every_page_once() -> None:
    linked = re.findall(r"^- \[[^\]]+\]\((\w+\.md)\): .+", TEXTS["README.md"], re.MULTILINE)
    assert sorted([*linked, "README.md"]) == sorted(TEXTS)
