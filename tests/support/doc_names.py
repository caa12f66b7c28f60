"""Dotted names of Mien in the documents."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest

ENTRY_POINTS = {"mien.architectures", "mien.classifiers", "mien.datasets", "mien.detectors"}


def dotted_names(text: str) -> set[str]:
    """Every ``mien.x.y`` in ``text`` but the groups of entry points and the names of files."""
    return set(re.findall(r"(?<![./])\bmien(?:\.[A-Za-z_]\w*)+", text)) - ENTRY_POINTS


def resolve(name: str) -> Any:
    """The module, class, function or member called ``name``."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        try:
            found: Any = import_module(module)
        except ModuleNotFoundError as error:
            if error.name and error.name.split(".")[0] != "mien":
                pytest.skip(f"{error.name} is not installed")
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise AssertionError(name)
