from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mien.errors import ConfigError
from mien.options import arguments, convert_all, parameters, read_pairs, takes

Pairs = tuple[tuple[float, int], ...]


def factory(
    path: str, size: float = 1.0, *, steps: Sequence[int] = (), file: str | Path = ""
) -> None:
    """A function with options."""


def anything(size: float = 1.0, **options: Any) -> None:
    """A function that takes any option."""


def test_pairs() -> None:
    assert read_pairs(["a=1", "b=x=y", "a=2", "c="], "x") == {"a": "2", "b": "x=y", "c": ""}
    values = {"a": object()}
    assert read_pairs(values, "x") == values and read_pairs(values, "x") is not values
    for text in ("a", "=1", ""):
        with pytest.raises(ConfigError, match=rf"^x: an option is KEY=VALUE, got '{text}'$"):
            read_pairs([text], "x")


def test_arguments_have_the_annotated_types() -> None:
    found = arguments(factory, ["size=2", "steps=1,2", "file=a"], "x", without=["path"])
    assert found == {"size": 2.0, "steps": (1, 2), "file": "a"}
    assert arguments(factory, {"file": Path("a")}, "x") == {"file": Path("a")}
    assert arguments(anything, ["size=2", "other=2"], "x") == {"size": 2.0, "other": "2"}
    with pytest.raises(
        ConfigError, match=r"^x: unknown option 'path': options: size, steps, file$"
    ):
        arguments(factory, ["path=1"], "x", without=["path"])
    with pytest.raises(ConfigError, match=r"^x: unknown option 'sice': did you mean 'size'\?$"):
        arguments(factory, ["sice=1"], "x")


def test_parameters() -> None:
    assert parameters(factory)["size"] == (float, 1.0)
    assert list(parameters(anything)) == ["size"]
    assert takes(anything, "other") and takes(factory, "size") and not takes(factory, "other")

    def foreign(size: NoSuchType = 1) -> None:  # type: ignore[name-defined]  # noqa: F821
        """Its annotations cannot be resolved."""

    assert parameters(foreign) == {"size": (Any, 1)}


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (bool, "True", True), (int, "3", 3), (float, "3", 3.0), (str, "3", "3"),
        (float | None, None, None), (int | str, "3", 3), (int | str, "x", "x"),
        (tuple[float, ...], "1,2", (1.0, 2.0)), (list[str], "a,b", ("a", "b")),
        (tuple[float, int], "1,2", (1.0, 2)), (Sequence[int] | None, [1, 2], (1, 2)),
    ],
)  # fmt: skip
def test_texts(hint: Any, value: Any, expected: Any) -> None:
    found = convert_all({"k": value}, {"k": hint}, "x")["k"]
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (bool, True, True), (int, 3, 3), (float, 3, 3.0), (str, "3", "3"),
        (int | None, "", None), (str | None, "", None), (str, "", ""),
        (tuple[int, ...], [1, 2], (1, 2)), (Pairs, [[1, 2], (0.5, 3)], ((1.0, 2), (0.5, 3))),
    ],
)  # fmt: skip
def test_values_that_have_their_types(hint: Any, value: Any, expected: Any) -> None:
    found = convert_all({"k": value}, {"k": hint}, "x", from_text=False)["k"]
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("hint", "value", "words"),
    [
        (bool, "true", "true or false"), (bool, 1, "true or false"), (int, "3", "a whole number"),
        (int, True, "a whole number"), (int, 3.0, "a whole number"), (float, "3", "a number"),
        (str, 3, "text"), (int | None, "x", "a whole number"),
        (tuple[str, ...], "abc", "a list of texts"),
        (tuple[int, ...], [1.5], "a list of whole numbers"),
        (Pairs, [[1.0]], r"a list of \[a number, a whole number\] pairs"),
        (int, "", "a whole number"),
    ],
)  # fmt: skip
def test_values_of_another_type(hint: Any, value: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"^x: k must be {words}.*, got "):
        convert_all({"k": value}, {"k": hint}, "x", from_text=False)


def test_keys() -> None:
    with pytest.raises(
        ConfigError, match=r"^r\.toml: unknown key 'epoch': did you mean 'epochs'\?$"
    ):
        convert_all({"epoch": 1}, {"epochs": int}, "r.toml", noun="key")
    with pytest.raises(ConfigError, match=r"^r\.toml: unknown key 'zzz': keys: epochs, lr$"):
        convert_all({"zzz": 1}, {"epochs": int, "lr": float}, "r.toml", noun="key")
    with pytest.raises(AssertionError, match="unsupported config type"):
        convert_all({"a": {}}, {"a": dict}, "r.toml", from_text=False)
