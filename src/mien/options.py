"""Options by name: ``key=value`` texts or ready values in, typed keyword arguments out.

The types are the annotations of what takes the options, such as a detector or a data set reader.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from mien.errors import ConfigError, brief, did_you_mean

Options = Mapping[str, Any] | Sequence[str]
"""Values by name, or texts such as ``min_face_size=20``."""

# What messages call one value of a type, and several.
_WORDS = {
    bool: ("true or false", "true or false"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    Path: ("a path", "paths"),
}


def read_pairs(options: Options, where: str) -> dict[str, Any]:
    """``options`` as a dict; of texts with the same key, the last one wins.

    Raises ``ConfigError`` for a text that is not ``key=value``; ``where`` begins its message.
    """
    if isinstance(options, Mapping):
        return dict(options)
    pairs = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key:
            raise ConfigError(f"{where}: an option is KEY=VALUE, got {brief(option)}")
        pairs[key] = value
    return pairs


def arguments(
    factory: Callable[..., Any], options: Options, where: str, *, without: Sequence[str] = ()
) -> dict[str, Any]:
    """Keyword arguments for ``factory``, converted to its annotated types.

    ``without`` are parameters that are not options. A factory with ``**options`` gets unknown names
    as they are. Raises ``ConfigError``, which begins with ``where``.
    """
    hints = {key: kind for key, (kind, _) in parameters(factory).items() if key not in without}
    values = read_pairs(options, where)
    if _takes_any(factory):
        hints = {**dict.fromkeys(values, Any), **hints}
    return convert_all(values, hints, where)


def parameters(factory: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Name → (type, default) of each named parameter of ``factory``.

    The type is ``Any`` without an annotation, the default ``inspect.Parameter.empty`` without one.
    """
    try:
        hints = get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    except Exception:  # noqa: BLE001 - a third party's annotations may name anything
        hints = {}
    return {
        p.name: (hints.get(p.name, Any), p.default)
        for p in inspect.signature(factory).parameters.values()
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }


def takes(factory: Callable[..., Any], name: str) -> bool:
    """Whether ``factory`` can be called with the keyword ``name``."""
    return name in parameters(factory) or _takes_any(factory)


def convert_all(
    values: Mapping[str, Any],
    hints: Mapping[str, Any],
    where: str,
    *,
    noun: str = "option",
    from_text: bool = True,
) -> dict[str, Any]:
    """Each of ``values`` as the type that ``hints`` has for its name.

    With ``from_text``, a text such as ``"0.6,0.7"`` or ``"true"`` is read as a list, number or
    boolean. Without it values must have the type already, as in TOML and JSON, except that a whole
    number is accepted as a float, a list as a tuple, and an empty text as ``None``.

    Raises ``ConfigError``, which begins with ``where``: for an unknown name, with the nearest known
    one; for a value of another type, with what was expected.
    """
    converted = {}
    for key, value in values.items():
        if key not in hints:
            raise ConfigError(
                f"{where}: unknown {noun} {brief(key)}: {did_you_mean(key, hints, f'{noun}s')}"
            )
        try:
            converted[key] = _convert(value, hints[key], from_text)
        except (TypeError, ValueError, OverflowError):
            wanted = _describe(hints[key], from_text)
            raise ConfigError(f"{where}: {key} must be {wanted}, got {brief(value)}") from None
    return converted


def _takes_any(factory: Callable[..., Any]) -> bool:
    named = inspect.signature(factory).parameters.values()
    return any(p.kind is p.VAR_KEYWORD for p in named)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """The types of a union, or the one type; ``str`` last, because it takes every text."""
    union = get_origin(hint) in (Union, types.UnionType)
    return tuple(sorted(get_args(hint) if union else (hint,), key=lambda kind: kind is str))


def _convert(value: Any, hint: Any, from_text: bool) -> Any:
    """``value`` as the first type of ``hint`` that takes it; ``TypeError`` or ``ValueError``."""
    kinds = _alternatives(hint)
    if type(None) in kinds and (value is None or (value == "" and not from_text)):
        return None
    for kind in kinds:
        try:
            return _convert_to(kind, value, from_text)
        except (TypeError, ValueError, OverflowError):  # a whole number too large for a float
            continue
    raise TypeError


def _convert_to(kind: Any, value: Any, from_text: bool) -> Any:
    text = from_text and isinstance(value, str)
    if get_origin(kind) in (list, tuple, Sequence):
        return _convert_items(kind, value.split(",") if text else value, from_text)
    if kind is bool and from_text and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind in (int, float):
        number = isinstance(value, Integral if kind is int else Real)
        if isinstance(value, bool) or not (number or text):
            raise TypeError
        return kind(value)
    if kind in _WORDS or kind is type(None):
        if not isinstance(value, kind):
            raise TypeError
        return value
    if not from_text:  # a new field of a config needs a rule here
        raise AssertionError(f"unsupported config type {kind}")
    return value  # a third party's own type, which it checks itself


def _convert_items(kind: Any, values: Any, from_text: bool) -> tuple[Any, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError
    items = get_args(kind)
    if not _is_fixed(kind):
        items = items[:1] * len(values)
    pairs = zip(values, items, strict=True)
    return tuple(_convert(value, item, from_text) for value, item in pairs)


def _is_fixed(kind: Any) -> bool:
    """Whether this is a tuple of a fixed length, such as ``tuple[float, int]``."""
    return get_origin(kind) is tuple and get_args(kind)[-1:] != (Ellipsis,)


def _describe(hint: Any, from_text: bool) -> str:
    kinds = [kind for kind in _alternatives(hint) if kind is not type(None)]
    return " or ".join(_describe_one(kind, from_text)[0] for kind in kinds)


def _describe_one(kind: Any, from_text: bool) -> tuple[str, str]:
    """What one value of this type is called, and several."""
    if kind in _WORDS:
        return _WORDS[kind]
    items = [item for item in get_args(kind) if item is not Ellipsis]
    if not items:
        return str(kind), str(kind)
    if _is_fixed(kind):
        one = f"[{', '.join(_describe(item, from_text) for item in items)}]"
        return one, f"{one} pairs" if len(items) == 2 else one
    several = f"a list of {_describe_one(items[0], from_text)[1]}"
    return several + (", separated by commas" if from_text else ""), several
