"""Every error that Mien raises on purpose.

::

    MienError
    ├── InputError (ValueError)      what the caller gave cannot be used
    │   └── ImageReadError           a picture that is missing, damaged, too large or no picture
    ├── UnknownNameError (LookupError)  no such detector, classifier, dataset or recipe
    ├── ModelError                   a model file cannot be used
    │   ├── ModelFileError           missing, damaged or not ONNX
    │   └── ModelSpecError           ONNX, but without the valid spec of what it was given as
    ├── ConfigError (ValueError)     a recipe or an option that cannot be followed
    ├── DatasetError                 a data set that cannot be read as what it claims to be
    ├── TrainingError                training cannot go on; the last checkpoint is kept
    ├── OutputError (OSError)        a result that cannot be written
    └── MissingExtraError (ImportError)  an optional dependency is not installed

A message says what was given, what was expected and what to do; it fits on one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MienError(Exception):
    """Base of every error that Mien raises on purpose."""


class InputError(MienError, ValueError):
    """What the caller gave cannot be used."""


class ImageReadError(InputError):
    """A picture that is missing, damaged, too large or no picture at all."""


class UnknownNameError(MienError, LookupError):
    """A name that is not registered; the message lists the names there are."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        message = f"unknown {kind} {name!r}"
        if near := nearest(name, names):
            message += f": did you mean {near!r}?"
        message += f" ({kind}s: {', '.join(names) or 'none'})"
        super().__init__(f"{message} {hint}".rstrip())


class ModelError(MienError):
    """A model file that cannot be used."""


class ModelFileError(ModelError):
    """A model file that is missing, damaged or not ONNX."""


class ModelSpecError(ModelError):
    """An ONNX file without the valid ``ModelSpec`` or ``DetectorSpec`` that its use asks for."""


class ConfigError(MienError, ValueError):
    """A recipe or an option that cannot be followed."""


class DatasetError(MienError):
    """A data set that cannot be read as what it claims to be."""


class TrainingError(MienError):
    """Training cannot go on; the last checkpoint is kept."""


class OutputError(MienError, OSError):
    """A result that cannot be written: full disk, read-only folder, closed pipe."""


class MissingExtraError(MienError, ImportError):
    """An optional dependency is not installed; the message gives the exact command."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the '{extra}' extra: {install_command(extra)} in a clone of Mien"
        )


def install_command(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install '.[{extra}]'"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` most likely meant, or ``None`` where none is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str], what: str) -> str:
    """``did you mean 'x'?``, or all known names where none is near; ``what`` they are, plural."""
    names = list(known)
    if near := nearest(name, names):
        return f"did you mean {near!r}?"
    return f"{what}: {', '.join(names)}" if names else f"there are no {what}"
