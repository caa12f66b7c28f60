"""One label for each picture from several raters, as a table to train on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mien.errors import ConfigError
from mien.files import write_whole
from mien.labelling.agreement import counts_of
from mien.labelling.answers import as_cell, encode_rows
from mien.labelling.pictures import CARRIED, Known, Pictures
from mien.labelling.ratings import AllRatings


@dataclass(frozen=True, slots=True)
class Merged:
    """What was written, and what was left out."""

    written: int
    ties: int
    """Pictures whose most frequent labels have equally many votes."""
    not_a_face: int
    """Pictures that more raters called "not a face" than gave them any one label."""
    no_label: int
    """Pictures that every rater skipped."""
    gone: int
    """Pictures that are no longer there."""
    labels: Mapping[str, int]
    """Label → pictures that were written."""

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def write_merged(path: Path, pictures: Pictures, ratings: AllRatings) -> Merged:
    """Write the label that most raters gave to each picture of the folder of ``pictures``.

    The columns are ``path`` (seen from the table's folder), ``label``, ``split`` and ``subject``
    (where the folder's own table has them), ``raters`` (who gave any label), ``agreement`` (the
    share of them who gave this one) and the votes for every label, such as ``votes_anger``, which
    are soft labels too. Ties and what is not a face are left out.

    Raises ``OutputError``, and ``ConfigError`` for pictures in a zip, which no path leads to.
    """
    if not pictures.is_folder:
        raise ConfigError(f"{pictures.path} is not a folder: unpack it to merge its labels")
    counts = counts_of(ratings.table(), len(ratings.labels)) if ratings.labels else None
    known, there = pictures.known, set(pictures.names)
    beside = [known.get(name, Known()).carried for name in ratings.paths]
    carried = [n for n in range(len(CARRIED)) if any(values[n] for values in beside)]
    above = os.path.relpath(pictures.path.resolve(), path.parent.resolve())
    left_out: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    rows: list[list[object]] = []
    for number, name in enumerate(ratings.paths):
        votes = [int(vote) for vote in counts[number]] if counts is not None else []
        most = max(votes, default=0)
        no_face = sum(
            answer.kind == "not a face"
            for of in ratings.answers.values()
            if (answer := of.get(name))
        )
        if name not in there:
            left_out["gone"] += 1
        elif no_face > most:
            left_out["not a face"] += 1
        elif not most:
            left_out["no label"] += 1
        elif votes.count(most) > 1 or no_face == most:
            left_out["tie"] += 1
        else:
            label = ratings.labels[votes.index(most)]
            labels[label] += 1
            place = name if above == "." else f"{Path(above).as_posix()}/{name}"
            raters = sum(votes)
            rows.append([
                as_cell(place), label, *(beside[number][n] for n in carried), raters,
                round(most / raters, 3), *votes,
            ])  # fmt: skip
    header = [
        "path", "label", *(CARRIED[n] for n in carried), "raters", "agreement",
        *(f"votes_{label}" for label in ratings.labels),
    ]  # fmt: skip
    write_whole(path, encode_rows([header, *rows]))
    return Merged(
        written=len(rows),
        ties=left_out["tie"],
        not_a_face=left_out["not a face"],
        no_label=left_out["no label"],
        gone=left_out["gone"],
        labels={label: labels[label] for label in ratings.labels if labels[label]},
    )
