"""Puts a session together: pictures, order, answers of the rater, and the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mien.errors import ConfigError
from mien.labelling.answers import AnswerFile
from mien.labelling.label_keys import parse_labels
from mien.labelling.pictures import Pictures, shuffled
from mien.labelling.ratings import answer_path
from mien.labelling.session import Session
from mien.labelling.suggestions import load_suggestions

_RATER = re.compile(r"\w[\w-]{0,39}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is ready, and where its answers lie."""

    session: Session
    path: Path
    notes: Sequence[str]
    """What the rater should know before: pictures left out and the like; one sentence each."""


@contextmanager
def open_session(
    folder: str | Path,
    rater: str,
    *,
    labels: str | None = None,
    model: str = "none",
    order_of: str | None = None,
    seed: int = 0,
    show_old: bool = False,
    out: str | Path | None = None,
) -> Iterator[Opened]:
    """The session of ``rater`` over the face crops in ``folder``, until the ``with`` block ends.

    ``labels``: see ``parse_labels``. ``order_of``: whose order the pictures have; ``None``: one
    that all raters share. ``show_old``: see ``Session``. ``out``: the answer file, by default
    ``labels.RATER.csv`` in the folder.

    Raises ``ConfigError``, ``DatasetError``, ``OutputError`` and what loading a model raises.
    """
    if not _RATER.fullmatch(rater):
        raise ConfigError(
            f"the rater {rater!r}: give 1 to 40 letters, digits, - or _, such as --rater anna"
        )
    names = parse_labels(labels)
    pictures = Pictures(folder, names)
    if out is None and not pictures.is_folder:
        raise ConfigError(f"{folder} is not a folder: say with --out where the answers go")
    path = answer_path(Path(folder), rater) if out is None else Path(out)
    suggestions = load_suggestions(model, names)
    notes = [f"left out {count:,}: {reason}" for reason, count in pictures.left_out.items()]
    if model != "none" and suggestions is None:
        notes.append(f"no suggestions: the model {model!r} knows none of the labels")
    with AnswerFile(path, rater) as answers:
        order = shuffled(pictures.names, seed, order_of or "")
        session = Session(pictures, order, names, answers, suggestions, show_old=show_old)
        if session.gone:
            notes.append(f"{session.gone:,} answers are about faces that are gone; they stay")
        yield Opened(session, path, notes)
