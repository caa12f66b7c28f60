"""CK+ as published: sequences of frames by subject and number, and a file with each one's label.

Lucey, Cohn, Kanade, Saragih, Ambadar and Matthews: The Extended Cohn-Kanade Dataset (CK+), CVPR
Workshops 2010. ``cohn-kanade-images/S005/001/S005_001_00000011.png`` is frame 11 of sequence 1 of
subject 5. A sequence goes from a neutral face to the peak of an expression, its last frame.
``Emotion/S005/001/S005_001_00000011_emotion.txt`` has the label of that peak; 327 of the 593
sequences have one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from mien.datasets.files.archive import Archive
from mien.errors import DatasetError
from mien.labels import CKPLUS

FRAMES = ("peak", "last3")
SUBJECT = r"(S\d{3})_\d{3}_\d{8}"
"""Finds the subject in the name of a frame."""
_FRAME = re.compile(r"(S\d{3})/(\d{3})/(\1_\2_\d{8})\.\w+", re.IGNORECASE)
_EMOTION = re.compile(r"(S\d{3}_\d{3})_\d{8}_emotion\.txt", re.IGNORECASE)
_LABEL = re.compile(r"\s*([0-7])(?:\.0*(?:e\+?0+)?)?\s*", re.IGNORECASE)
_MOST_BYTES = 1000  # of an emotion file, which has 17
_PEAK, _LAST = 1, 3


def is_ckplus(pictures: Iterable[str]) -> bool:
    """Whether some of the ``pictures`` lie in folders of subjects and sequences, as in CK+."""
    return any(map(_frame, pictures))


def read_ckplus(
    archive: Archive, names: Iterable[str], pictures: Iterable[str], frames: str
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Picture → expression, and reason → what is left out.

    ``frames``: ``peak``, the last frame of each sequence that has a label; or ``last3``, its last
    three frames, and its first one as neutral. Raises ``DatasetError`` where there are no labels.
    """
    labels = [name for name in names if _EMOTION.fullmatch(PurePosixPath(name).name)]
    if not labels:
        raise DatasetError(
            f"{archive.path} is CK+ as published, without its labels: the folders are numbers of "
            "sequences; put Emotion/S005/001/S005_001_00000011_emotion.txt and so on (its "
            "Emotion_labels.zip) beside cohn-kanade-images"
        )
    skipped: dict[str, list[str]] = {}
    sequences: dict[str, list[tuple[str, str]]] = {}
    for picture in pictures:
        if match := _frame(picture):
            frame = match[3].upper()
            sequences.setdefault(frame[:8], []).append((frame, picture))
        else:
            skipped.setdefault("not in a sequence of CK+", []).append(picture)
    files: dict[str, str] = {}
    for name in labels:
        match = _EMOTION.fullmatch(PurePosixPath(name).name)
        assert match
        sequence = [picture for _, picture in sorted(sequences.pop(match[1].upper(), []))]
        expression = _expression(archive, name)
        if expression is None:
            skipped.setdefault("emotion file has no number from 0 to 7", []).append(name)
        elif not sequence:
            skipped.setdefault("labelled without a picture", []).append(name)
        else:
            last = sequence[-(_PEAK if frames == "peak" else _LAST) :]
            files.update(dict.fromkeys(last, expression))
            if frames == "last3" and sequence[0] not in files:
                files[sequence[0]] = CKPLUS[0]
            rest = [picture for picture in sequence if picture not in files]
            skipped.setdefault(f"frame of a sequence that frames={frames} leaves out", []).extend(
                rest
            )
    for unlabelled in sequences.values():
        skipped.setdefault("frame of a sequence without a label", []).extend(
            picture for _, picture in unlabelled
        )
    return files, {reason: keys for reason, keys in skipped.items() if keys}


def _frame(picture: str) -> re.Match[str] | None:
    return _FRAME.fullmatch("/".join(picture.rsplit("/", 3)[-3:]))


def _expression(archive: Archive, name: str) -> str | None:
    try:
        match = _LABEL.fullmatch(archive.read(name, _MOST_BYTES).decode("ascii", "replace"))
    except DatasetError:
        return None
    return CKPLUS[int(match[1])] if match else None
