"""The papers at the root agree with the package and with each other."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mien.version import __version__

REPO = Path(__file__).resolve().parents[2]


def text(name: str) -> str:
    return (REPO / name).read_text("utf-8")


def parsed(path: Path) -> Any:
    yaml = pytest.importorskip("yaml", reason="the 'tune' extra brings PyYAML")
    return yaml.safe_load(path.read_text("utf-8"))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


def test_the_version_is_one() -> None:
    assert f'version = "{__version__}"' in text("pyproject.toml")
    assert f"version: {__version__}\n" in text("CITATION.cff")
    released = re.findall(r"^## \[(.+?)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert released[0] == "Unreleased" and __version__ in released[1:]


def test_the_citation_has_what_the_format_asks_for() -> None:
    found = parsed(REPO / "CITATION.cff")
    assert found["cff-version"] == "1.2.0" and found["type"] == "software"
    assert found["message"] and found["title"] and found["authors"]
    assert f'license = "{found["license"]}"' in text("pyproject.toml")


def test_python_versions_are_stated_alike() -> None:
    project = text("pyproject.toml")
    (oldest,) = re.findall(r'requires-python = ">=(3\.\d+)"', project)
    assert re.findall(r"Python :: (3\.\d+)", project)[0] == oldest
    assert f"Python {oldest} or newer" in text("README.md")
    assert f"Python {oldest} or newer" in text("CONTRIBUTING.md")
    assert f"python_of {oldest})" in text(".ci/run")


@pytest.mark.parametrize("path", sorted((REPO / ".github").rglob("*.yml")), ids=lambda p: p.name)
def test_issue_forms_are_whole(path: Path) -> None:
    form = parsed(path)
    if path.name == "config.yml":
        assert form == {"blank_issues_enabled": True}
        return
    assert form["name"] and form["description"]
    assert len({part["id"] for part in form["body"]}) == len(form["body"])
    assert all(part["attributes"]["label"] for part in form["body"])


def test_hooks_call_the_makefile() -> None:
    (repository,) = parsed(REPO / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        make, target = hook["entry"].split()
        assert make == "make" and target in targets()


def test_help_lists_every_target() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=REPO, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    (phony,) = re.findall(r"^\.PHONY: (.*)", text("Makefile"), re.MULTILINE)
    assert [line.split()[0] for line in done.stdout.splitlines()] == phony.split()
    assert all(len(line.split()) > 2 for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_make_targets_that_are_named_exist(name: str) -> None:
    named = set(re.findall(r"(?:^|`)(?:\w+=\S+ )?make ([a-z-]+)", text(name), re.MULTILINE))
    assert named <= targets()


def test_moved_modules_are_where_the_changelog_says() -> None:
    rows = re.findall(r"^\| `mien.*? \| (.*) \|$", text("CHANGELOG.md"), re.MULTILINE)
    assert len(rows) > 8
    for name in re.findall(r"`(mien[\w.]*)`", "\n".join(rows)):
        if name.startswith("mien.train"):
            pytest.importorskip("torch", reason="needs the 'train' extra")
        assert find_spec(name), name
