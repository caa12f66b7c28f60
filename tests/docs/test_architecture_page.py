"""docs/architecture.md names what exists, and its examples run and print what they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mien
from mien import labels, registry
from tests.test_architecture import LAYERS

SRC = Path(mien.__file__).parent
REPO = Path(__file__).parents[2]
PAGE = REPO / "docs/architecture.md"
TEXT = PAGE.read_text("utf-8")
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```\n", re.DOTALL)
HEADING = re.compile(r"^### (.+)$", re.MULTILINE)


def marked(name: str) -> list[str]:
    """The lines between ``<!-- name -->`` and ``<!-- end -->``, without fences."""
    block = TEXT.split(f"<!-- {name} -->\n")[1].split("<!-- end -->")[0]
    return [line for line in block.splitlines() if line and not line.startswith("```")]


def tree() -> list[str]:
    """Paths in the page's tree, relative to ``src/mien``; a folder ends with a slash."""
    paths: list[str] = []
    for line in marked("tree"):
        name = line.split()[0]
        is_nested = line.startswith("  ")
        parent = next(path for path in reversed(paths) if path.count("/") == 1) if is_nested else ""
        paths.append(parent + name)
    return paths


def is_shown(path: Path) -> bool:
    return path.name != "__pycache__" and (path.is_dir() or path.suffix == ".py")


def test_the_tree_has_every_module_and_folder_at_the_top() -> None:
    named = {path for path in tree() if path.count("/") == path.endswith("/")}
    assert named == {p.name + "/" * p.is_dir() for p in SRC.iterdir() if is_shown(p)}


def test_the_tree_has_every_folder_below() -> None:
    named = {path for path in tree() if path.count("/") == 2}
    folders = {
        f"{inner.parent.name}/{inner.name}/"
        for outer in SRC.iterdir()
        if outer.is_dir() and outer.name != "__pycache__"
        for inner in outer.iterdir()
        if inner.is_dir() and inner.name != "__pycache__"
    }
    assert named == folders


def test_every_line_of_the_tree_says_what_it_is() -> None:
    assert all(len(line.split()) > 2 for line in marked("tree"))


def test_the_direction_of_imports_is_the_one_that_is_checked() -> None:
    assert [set(line.split()) for line in marked("layers")] == LAYERS


def test_orders_of_labels() -> None:
    rows = [line.strip("| ").split(" | ") for line in marked("labels")[2:]]
    assert {name: tuple(order.split()) for name, order in rows} == {
        name: value for name, value in vars(labels).items() if name.isupper() and name[0] != "_"
    }


def test_the_diagrams_name_what_exists() -> None:
    """Each is a flowchart whose nodes are declared before they are joined."""
    diagrams = re.findall(r"```mermaid\n(.*?)```", TEXT, re.DOTALL)
    assert len(diagrams) >= 4
    for diagram in diagrams:
        nodes = set(re.findall(r"^    (\w+)\[", diagram, re.MULTILINE))
        edges = re.findall(r"^    (\w+ (?:-|-\.).*)$", diagram, re.MULTILINE)
        ends = {
            word
            for edge in edges
            for word in re.sub(r'"[^"]*"', "", edge).replace("-", " ").replace(">", " ").split()
        } - {"."}
        assert ends == nodes
        assert "mien." in diagram


def sections() -> dict[str, str]:
    """Heading → text, of the third level."""
    parts = HEADING.split(TEXT)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


EXAMPLES = [
    pytest.param(code, printed, id=f"{heading} {number}")
    for heading, text in sections().items()
    for number, (code, printed) in enumerate(EXAMPLE.findall(text))
]


def test_every_example_shows_what_it_prints() -> None:
    assert TEXT.count("```python") == len(EXAMPLES) == 9


@pytest.mark.parametrize(("code", "printed"), EXAMPLES)
def test_example(code: str, printed: str, tmp_path: Path) -> None:
    if "mien.train" in code:
        pytest.importorskip("torch")
    path = os.pathsep.join(part for part in (str(SRC.parent), os.environ.get("PYTHONPATH")) if part)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed


def test_entry_points() -> None:
    block = re.search(r"```toml\n(.*?)```", sections()["From another package"], re.DOTALL)
    assert block is not None
    groups = tomllib.loads(block[1])["project"]["entry-points"]
    tables = vars(registry).values()
    assert set(groups) == {
        f"mien.{table.kind}s" for table in tables if isinstance(table, registry.Registry)
    }
    for group, names in groups.items():
        name, module = names.popitem()
        assert f'("{name}")' in TEXT.split(f'"{group}"')[1].splitlines()[1]
        assert module == f"mypackage.{name}"
