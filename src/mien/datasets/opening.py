"""Opens a data set: chooses its reader, hands out the options, checks the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from mien.datasets.base import Dataset, DatasetFacts
from mien.datasets.detected import CROPPED, detect_faces
from mien.datasets.files.archive import open_archive, packed_inside
from mien.datasets.guessing import Wants, fitting_readers, guess_reader
from mien.errors import DatasetError, MienError
from mien.options import arguments, parameters, read_pairs, takes
from mien.parsing import parse_json
from mien.preprocess.crop import checked_framing
from mien.preprocess.framing import Framing
from mien.registry import datasets

AUTO = "auto"
"""In place of a reader's name: guess it from what lies there."""


_MOST_CROPPED = 1 << 20  # bytes: a thousand labels
UNFINISHED = "faces are missing: 'mien data crop' was stopped, and its command continues it"

Wrapper = Callable[..., Any]
WRAPPERS: tuple[Wrapper, ...] = (detect_faces,)
"""What takes the options that all readers share: functions of an opened data set and of annotated
keyword options, which return a data set. One is called if one of its options was given, unless the
reader has an option of that name itself."""
_SHARED = {key for wrap in WRAPPERS for key in parameters(wrap)} - {"dataset"}


def open_dataset(
    path: str | Path,
    name: str = AUTO,
    options: Sequence[str] = (),
    *,
    wants: Wants | None = None,
) -> Dataset:
    """Open the data set at ``path`` with the reader ``name``; a ``SceneDataset`` for some readers.

    ``"auto"`` guesses the reader (``mien.datasets.guessing``), among those of face ``crops`` or of
    whole pictures (``scenes``) if ``wants`` says so. ``facts.reader`` of the result is the reader
    that was used.

    ``options`` are each ``key=value``, such as ``classes=7`` for ``ferplus``. The reader gets its
    own as keyword arguments of its annotated types; those of ``WRAPPERS`` are taken off before.

    Raises ``UnknownNameError`` for an unknown reader, ``ConfigError`` for an unknown option,
    ``DatasetError`` where the reader cannot read ``path`` (the message names readers that can) or
    several readers or none fit, and ``MienError`` for a third party's reader that does not follow
    the protocol.
    """
    guessed = name == AUTO
    if guessed:
        own_names = read_pairs(options, "data set").keys() - _SHARED
        name = guess_reader(Path(path), wants, own_names)
    reader = datasets.get(name)
    own, shared = _share_out(options, reader, name)
    try:
        dataset = reader(path, **own)
    except DatasetError as error:
        fitting = [] if guessed else _others(Path(path), name)
        packed = packed_inside(Path(path))
        if not fitting and packed:
            raise DatasetError(f"{error}; {packed} in it may have to be unpacked first") from None
        if not fitting:
            raise
        raise DatasetError(f"{error}; readers that can read it: {', '.join(fitting)}") from None
    _check(dataset, name)
    with suppress(AttributeError):  # a third party's facts may be a property without a setter
        framing, notes = _cropped_beside(Path(path))
        dataset.facts = replace(
            dataset.facts,
            reader=name,
            framing=dataset.facts.framing or framing,
            notes=(*dataset.facts.notes, *notes),
        )
    for wrap, values in shared:
        dataset = wrap(dataset, **values)
    return dataset  # type: ignore[no-any-return]


def shared_options(options: Sequence[str]) -> list[str]:
    """Those of ``options`` that every reader takes."""
    return [option for option in options if option.partition("=")[0] in _SHARED]


def _cropped_beside(path: Path) -> tuple[Framing | None, list[str]]:
    """How the faces at ``path`` were cut, if ``mien data crop`` cut them, and what to say of it.

    ``path``: their folder, a zip of it, or a table in it.
    """
    with suppress(OSError, ValueError, TypeError, KeyError, MienError):
        archive = open_archive(path)
        archive = open_archive(path.parent) if archive.is_file else archive
        manifest = parse_json(archive.read(CROPPED, _MOST_CROPPED))
        unfinished = manifest.get("complete") is False  # earlier versions do not say
        return checked_framing(manifest["framing"]), [UNFINISHED] * unfinished
    return None, []


def _share_out(
    options: Sequence[str], reader: Callable[..., Any], name: str
) -> tuple[dict[str, Any], list[tuple[Wrapper, dict[str, Any]]]]:
    """The reader's own options, and each wrapper that was asked for with its options."""
    where = f"data set reader {name!r}"
    own: Mapping[str, Any] = read_pairs(options, where)
    shared = []
    for wrap in WRAPPERS:
        names = set(parameters(wrap)) - {"dataset"}
        taken = {key: own[key] for key in own if key in names and not takes(reader, key)}
        if taken:
            own = {key: value for key, value in own.items() if key not in taken}
            shared.append((wrap, arguments(wrap, taken, "data set", without=["dataset"])))
    return arguments(reader, own, where, without=["path"]), shared


def _check(dataset: Any, name: str) -> None:
    """Raise ``MienError`` with the members of the protocol that ``dataset`` lacks."""
    missing = [member for member in ("facts", "splits", "skipped") if not hasattr(dataset, member)]
    if not (hasattr(dataset, "samples") or hasattr(dataset, "scenes")):
        missing.append("samples or scenes")
    if not missing and not isinstance(dataset.facts, DatasetFacts):
        missing.append("facts of the type DatasetFacts")
    if missing:
        raise MienError(
            f"the data set reader {name!r} returns a {type(dataset).__name__} without "
            f"{', '.join(missing)}: a data set needs facts, splits(), skipped(split), and "
            "samples(split) or scenes(split), see mien.datasets.base"
        )


def _others(path: Path, name: str) -> list[str]:
    """Readers that fit ``path``, without ``name``; none where nothing can be read there."""
    with suppress(DatasetError):
        return [fitting for fitting in fitting_readers(path) if fitting != name]
    return []
