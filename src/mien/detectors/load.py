"""A detector by name or file, made with options that are checked against what it takes."""

from __future__ import annotations

import inspect
import os
import types
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from mien.detectors.base import Detector
from mien.errors import ConfigError, ModelFileError, nearest
from mien.registry import detectors

Options = Mapping[str, Any] | Sequence[str]


def load_detector(
    name: str | Path, *, threads: int | None = None, options: Options = ()
) -> Detector:
    """A registered detector by name, or any ONNX file with a ``DetectorSpec`` by path.

    ``options`` are the detector's own keyword parameters: a mapping of values, or texts such as
    ``min_face_size=20``, ``thresholds=0.6,0.7,0.8`` and ``model=yunet.onnx``, of which a later one
    of the same name wins. ``threads`` is an offer: a detector without a network does not take it.

    Raises ``UnknownNameError``, ``ConfigError`` for an option that the detector does not have or a
    value of another type than it takes, ``ModelFileError`` and ``ModelSpecError``.
    """
    text = str(name)
    given = read_options(options)
    # Names first: a file called "mtcnn" must not take the place of the detector.
    if text not in detectors.names() and _is_path(text):
        from mien.detectors.onnx import OnnxDetector

        if "model" in given:
            raise ConfigError(f"the detector is the file {text!r} already: leave out model=…")
        given["model"] = text
        factory: Callable[..., Any] = OnnxDetector
    else:
        factory = detectors.get(text, "or give an .onnx file")
    taken = parameters(factory)
    values = checked(text, given, taken, anything=_takes_anything(factory))
    if threads is not None and ("threads" in taken or _takes_anything(factory)):
        values.setdefault("threads", threads)
    detector: Detector = factory(**values)
    return detector


def checked(
    name: str,
    given: Mapping[str, Any],
    taken: Mapping[str, tuple[Any, Any]],
    *,
    anything: bool = False,
) -> dict[str, Any]:
    """Every value of ``given`` as the type that ``taken`` (of ``parameters``) has for it.

    ``name`` is the detector's, for the message; ``anything`` lets names pass that ``taken`` lacks.
    Raises ``ConfigError``.
    """
    values = {}
    for key, value in given.items():
        if key not in taken and not anything:
            near = nearest(key, taken)
            meant = f": did you mean {near!r}?" if near else ""
            has = f"it has {', '.join(taken)}" if taken else "it has none"
            raise ConfigError(f"detector {name!r} has no option {key!r}{meant} ({has})")
        values[key] = _value(name, key, value, taken[key][0]) if key in taken else value
    return values


def _takes_anything(factory: Callable[..., Any]) -> bool:
    named = inspect.signature(factory).parameters.values()
    return any(p.kind is p.VAR_KEYWORD for p in named)


def parameters(factory: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Name → (type, default) of what a detector is made with; ``inspect.Parameter.empty``: none."""
    named = inspect.signature(factory).parameters.values()
    try:
        hints = get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    except Exception:  # noqa: BLE001 - a third party's annotations may name anything
        hints = {}
    return {
        p.name: (hints.get(p.name, Any), p.default)
        for p in named
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }


def _is_path(text: str) -> bool:
    """Whether this names an ONNX file; ``ModelFileError`` for a training run in place of one."""
    folder = os.path.isdir(text)  # noqa: PTH112 - never raises
    if folder or text.lower().endswith(".pt"):
        raise ModelFileError(
            f"{text!r} is a {'folder' if folder else 'checkpoint'}, not an ONNX file: if it is of "
            f"a training run, write one with 'mien export {text} --out FILE.onnx'"
        )
    return text.lower().endswith(".onnx") or os.path.isfile(text)  # noqa: PTH113 - never raises


def read_options(options: Options) -> dict[str, Any]:
    """Name → value, a text where ``key=value`` was given; ``ConfigError`` for anything else."""
    return dict(options) if isinstance(options, Mapping) else dict(map(_pair, options))


def _pair(option: str) -> tuple[str, str]:
    key, equals, value = option.partition("=")
    if not equals or not key:
        raise ConfigError(f"an option of a detector is KEY=VALUE, got {option!r}")
    return key, value


def _value(name: str, key: str, value: Any, wanted: Any) -> Any:
    """``value`` as one of the types that ``wanted`` allows, read from text where need be."""
    kinds = get_args(wanted) if get_origin(wanted) in (Union, types.UnionType) else (wanted,)
    if value is None and type(None) in kinds:
        return None
    said = []
    for kind in sorted(kinds, key=lambda kind: kind is str):  # every text is a text: ask that last
        if kind is type(None):
            continue
        what, convert = _reader(kind)
        try:
            return convert(value)
        except (TypeError, ValueError):
            said.append(what)
    raise ConfigError(
        f"option {key!r} of detector {name!r} takes {' or '.join(said)}, got {value!r}"
    )


def _reader(kind: Any) -> tuple[str, Callable[[Any], Any]]:
    """What people call a type, and what makes one of a value or a text, or raises an error."""
    if kind in _READERS:
        return _READERS[kind]
    items = [item for item in get_args(kind) if item is not Ellipsis]
    if get_origin(kind) in (list, tuple, Sequence) and len(set(items)) == 1:
        what, convert = _reader(items[0])

        def each(value: Any) -> Any:
            if not isinstance(value, str | list | tuple):
                raise TypeError
            return tuple(map(convert, value.split(",") if isinstance(value, str) else value))

        return f"one or more of {what}, such as 0.6,0.7,0.8", each
    return "", lambda value: value  # a third party's own type: it is to check that itself


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() not in ("true", "false"):
        raise ValueError
    return str(value).lower() == "true"


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | Integral):
        raise TypeError
    return int(value)


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | Real):
        raise TypeError
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _path(value: Any) -> Path:
    if not isinstance(value, Path):
        raise TypeError
    return value


_READERS: dict[Any, tuple[str, Callable[[Any], Any]]] = {
    bool: ("true or false", _truth),
    int: ("a whole number", _whole),
    float: ("a number", _real),
    str: ("a text", _text),
    Path: ("a path", _path),
}
