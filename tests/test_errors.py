from __future__ import annotations

import inspect
import re

import pytest

from mien import errors
from mien.errors import (
    MOST_CHARACTERS,
    ConfigError,
    InputError,
    MienError,
    MissingExtraError,
    OutputError,
    UnknownNameError,
    did_you_mean,
    nearest,
    one_line,
)

CLASSES = [
    item
    for _, item in inspect.getmembers(errors, inspect.isclass)
    if item.__module__ == "mien.errors"
]


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    drawn: dict[str, tuple[str, str]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^    ((?:[│ ] {3})*(?:[├└]── )?)([A-Z]\w+)(?: \((\w+)\))?", line)
        if match:
            depth = len(match[1]) // 4
            path = [*path[:depth], match[2]]
            drawn[match[2]] = (path[depth - 1] if depth else "Exception", match[3] or "")
    real = {
        item.__name__: (
            item.__bases__[0].__name__,
            item.__bases__[1].__name__ if len(item.__bases__) > 1 else "",
        )
        for item in CLASSES
    }
    assert drawn == real


@pytest.mark.parametrize("item", CLASSES, ids=lambda item: item.__name__)
def test_every_error_is_a_mien_error_with_a_docstring(item: type[Exception]) -> None:
    assert issubclass(item, MienError) and item.__doc__


def test_an_unknown_name_offers_the_nearest_and_lists_all() -> None:
    error = UnknownNameError("detector", "mtcn", ["none", "mtcnn"], "or give a path")
    assert str(error) == (
        "unknown detector 'mtcn': did you mean 'mtcnn'? (detectors: mtcnn, none) or give a path"
    )
    assert str(UnknownNameError("recipe", "x", [])) == "unknown recipe 'x' (recipes: none)"
    assert isinstance(error, LookupError)


def test_a_missing_extra_gives_the_command() -> None:
    error = MissingExtraError("a figure", "plot")
    assert isinstance(error, ImportError)
    assert str(error) == "a figure needs the 'plot' extra: pip install '.[plot]' in a clone of Mien"


def test_one_line() -> None:
    assert one_line(ValueError("two\n lines ")) == "two lines"
    assert one_line(ValueError("x" * 300)) == "x" * 200
    assert one_line(KeyError()) == "KeyError"


def test_nearest() -> None:
    assert nearest("epoch", ["epochs", "lr"]) == "epochs"
    assert nearest("zzz", ["epochs", "lr"]) is None
    assert did_you_mean("epoch", ["epochs", "lr"], "keys") == "did you mean 'epochs'?"
    assert did_you_mean("zzz", ["epochs", "lr"], "keys") == "keys: epochs, lr"
    assert did_you_mean("zzz", [], "keys") == "there are no keys"
    many = [str(n) for n in range(80)]
    assert did_you_mean("zzz", many, "keys") == f"keys: {', '.join(many[:40])} and 40 more"


def test_a_message_is_never_too_long_to_read() -> None:
    for kind in (MienError, OutputError, ConfigError):
        assert str(kind("short")) == "short"
        text = str(kind(f"{'a' * 5000} and {'b' * 5000}: give less"))
        assert len(text) == MOST_CHARACTERS and text.startswith("aaa")
        assert " … " in text and text.endswith("bbb: give less")


def test_a_message_is_one_line_whatever_a_file_is_called() -> None:
    assert str(InputError("no file 'a\nb\x1b]0;x\x07ü': check")) == (
        "no file 'a\\nb\\x1b]0;x\\x07ü': check"
    )
