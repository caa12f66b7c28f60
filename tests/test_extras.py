from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from mien import extras
from mien.errors import MissingExtraError

LINES = [
    "numpy>=1.24",
    "tomli>=2.0; python_version < '3.99'",
    'old; python_version < "3.9"',
    "torch>=2.6; extra == 'train'",
    "mien[train]; extra == 'dev'",
    'lz4 ; python_version < "3.99" and extra == "dev"',
]


def not_installed(name: str) -> list[str]:
    raise metadata.PackageNotFoundError(name)


def test_requirements_are_those_the_package_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = extras.requirements()
    assert "numpy" in installed[""] and "torch" in installed["train"]
    assert "pytest" in installed["dev"] and "mien" not in installed["dev"]
    assert set(extras.MODULES) <= set(extras.PURPOSES) == set(installed) - {""}
    monkeypatch.setattr(metadata, "requires", lambda _: LINES)
    assert extras.requirements() == {"": ["numpy", "tomli"], "train": ["torch"], "dev": ["lz4"]}
    monkeypatch.setattr(metadata, "requires", not_installed)
    declared = extras.requirements()  # read from pyproject.toml
    assert set(declared) == set(installed) and set(declared[""]) == set(installed[""])
    monkeypatch.setattr(extras, "Path", lambda _: Path("/nowhere/a/b/c"))
    assert extras.requirements() == {}


def test_another_build_of_a_library_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name != "opencv-python":
            raise metadata.PackageNotFoundError(name)
        return "4.9"

    monkeypatch.setattr(metadata, "version", version)
    assert extras.installed_version("opencv-python-headless") == "4.9"
    assert extras.installed_version("numpy") is None


def test_a_missing_extra_is_named_with_its_command() -> None:
    pytest.importorskip("matplotlib", reason="needs the 'plot' extra")
    extras.require_extra("plot", "a figure", "json")
    with pytest.raises(MissingExtraError, match=r"^a figure needs the 'plot' extra: pip install"):
        extras.require_extra("plot", "a figure", "no_such_module")
