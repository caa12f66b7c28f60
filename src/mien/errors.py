"""Every error that Mien raises on purpose.

::

    MienError
    ├── InputError (ValueError)      the caller's input cannot be used
    │   ├── ImageReadError           a file is missing, damaged, too large or not a picture
    │   ├── VideoReadError           a file is missing, damaged, cut off or not a video
    │   ├── NotFoundError            a log has no such person or alert
    │   ├── NoConsentError           a person may not be recorded
    │   └── ConflictError (ConfigError)  a log says already that it is otherwise
    ├── UnknownNameError (LookupError)  no such detector, classifier, dataset or recipe
    ├── ModelError                   a model file cannot be used
    │   ├── ModelFileError           it is missing, damaged or not ONNX
    │   └── ModelSpecError           it is ONNX, but its spec is missing, invalid or of another kind
    ├── ConfigError (ValueError)     an invalid recipe or option
    ├── DatasetError                 a data set does not have the format that its reader expects
    │   └── NoFaceError              a labelled photo in which no face is found
    ├── LogError                     a log is missing, damaged, busy or of another version
    ├── WorkerError                  a process that analyses pictures has died
    ├── TrainingError                training cannot continue; the last checkpoint is kept
    ├── OutputError (OSError)        a result cannot be written
    │   └── PictureOutputError       one picture's; those of later pictures may be
    └── MissingExtraError (ImportError)  an optional dependency is not installed
        └── MissingPackageError      it belongs to no extra

A message says what was given, what was expected and what to do; it fits on one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mien.escaping import for_terminal

MOST_CHARACTERS = 3000
"""Of a message, which may quote what a file holds: a number of thousands of digits for example."""


class MienError(Exception):
    """Base of every error that Mien raises on purpose."""

    def __str__(self) -> str:
        """The message on one line, whatever the names in it; of a very long one without the middle.

        Names of files may contain line breaks and characters that act on a terminal.
        """
        text = for_terminal(super().__str__())
        if len(text) <= MOST_CHARACTERS:
            return text
        return f"{text[: MOST_CHARACTERS // 2]} … {text[-MOST_CHARACTERS // 2 + 3 :]}"


class InputError(MienError, ValueError):
    """The caller's input cannot be used."""


class ImageReadError(InputError):
    """A file that is missing, damaged, too large or not a picture."""


class VideoReadError(InputError):
    """A file that is missing, damaged, cut off or not a video."""


class NotFoundError(InputError):
    """A person or an alert that a log does not have."""


class UnknownNameError(MienError, LookupError):
    """A name that is not registered; the message lists the known names."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        message = f"unknown {kind} {brief(name)}"
        if near := nearest(name, names):
            message += f": did you mean {near!r}?"
        message += f" ({kind}s: {', '.join(names) or 'none'})"
        super().__init__(f"{message} {hint}".rstrip())


class ModelError(MienError):
    """A model file that cannot be used."""


class ModelFileError(ModelError):
    """A model file that is missing, damaged or not ONNX."""


class ModelSpecError(ModelError):
    """An ONNX file whose spec is missing, invalid or of another kind."""


class ConfigError(MienError, ValueError):
    """An invalid recipe or option."""


class NoConsentError(InputError):
    """A person whose consent to what is asked for is not in force."""


class ConflictError(InputError, ConfigError):
    """A change that does not fit what a log holds: a name that is taken, an alert that is over."""


class DatasetError(MienError):
    """A data set that does not have the format that its reader expects."""


NO_FACE = "no face found"
"""What tables and files call the reason of a ``NoFaceError``."""


class NoFaceError(DatasetError):
    """A labelled photo in which no face is found; it can be read."""


class LogError(MienError):
    """A log that is missing, damaged, busy, of another version, or another database."""


class WorkerError(MienError):
    """A process that analyses pictures has died, for want of memory for example."""


class TrainingError(MienError):
    """Training cannot continue; the last checkpoint is kept."""


class OutputError(MienError, OSError):
    """A result that cannot be written: full disk, read-only folder, closed pipe."""


class PictureOutputError(OutputError):
    """A result of one picture that cannot be written; those of later pictures may be."""


class MissingExtraError(MienError, ImportError):
    """An optional dependency is not installed; the message gives the exact command."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the '{extra}' extra: {install_command(extra)} in a clone of Mien"
        )


class MissingPackageError(MissingExtraError):
    """A package that no extra installs is missing; the message gives the exact command."""

    def __init__(self, what: str, package: str) -> None:
        ImportError.__init__(self, f"{what} needs {package}: pip install {package}")


def install_command(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install '.[{extra}]'"


def one_line(error: BaseException, most: int = 200) -> str:
    """The message of another library's error on one line, of at most ``most`` characters.

    An error without a message gives the name of its class.
    """
    return " ".join(str(error).split())[:most] or type(error).__name__


LISTED = 40
"""Names that one message lists."""


def brief(value: object, most: int = 100) -> str:
    """``repr(value)`` for a message: on one line, of at most ``most`` characters, and never fails.

    Python refuses to write whole numbers of over 4,300 digits and lists that are nested too deep.
    """
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):
        text = f"a very long {type(value).__name__}"
    return text if len(text) <= most else f"{text[: most - 1]}…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most similar to ``name``, or ``None`` if none is similar."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str], what: str) -> str:
    """``did you mean 'x'?``, or a list of the known names if none is similar.

    ``what`` says in the plural what they are, such as ``options``. Of more than ``LISTED`` names
    only the first ones are listed.
    """
    names = list(known)
    if near := nearest(name, names):
        return f"did you mean {near!r}?"
    if not names:
        return f"there are no {what}"
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{what}: {', '.join(names[:LISTED])}{more}"
