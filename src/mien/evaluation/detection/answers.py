"""A detector's answers to one split, with the marked faces: the input of measures and figures."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.arrays import read_arrays
from mien.errors import InputError, one_line
from mien.files import write_whole
from mien.parsing import is_number, parse_json

_FAR = 1e9  # pixels, beyond which single precision no longer tells boxes apart


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One picture: N marked faces and M detected boxes, in pixels of the picture."""

    key: str
    width: int
    height: int
    truth: NDArray[np.float32]
    """(N, 4) as x1, y1, x2, y2."""
    ignored: NDArray[np.bool_]
    """(N,) faces that count neither as detected nor as missed."""
    subsets: Mapping[str, NDArray[np.bool_]]
    """Name → (N,), such as ``easy``; may be empty."""
    boxes: NDArray[np.float32]
    """(M, 4)."""
    scores: NDArray[np.float32]
    """(M,), best first."""
    ms: float
    """Wall time of detection, without decoding the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """A detector's answers to every picture of one split."""

    detector: str
    """Display name."""
    dataset: str
    split: str
    answers: tuple[Answer, ...]
    skipped: tuple[str, ...] = ()
    """Pictures that could not be read, with the reason."""
    threshold: float = 0.0
    """Score from which a box counts as a face; the answers may have boxes with lower scores."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready: for example the detector's settings, hardware and peak memory in MiB."""

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the pictures."""
        return tuple(answer.key for answer in self.answers)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over the pictures and their marked faces, whatever their order.

        Answers are comparable only if it is the same.
        """
        digest = hashlib.blake2b(digest_size=8)
        for answer in sorted(self.answers, key=lambda answer: answer.key):
            subsets = sorted((k, v.tobytes().hex()) for k, v in answer.subsets.items() if v.any())
            known = [answer.key, answer.width, answer.height, len(answer.truth), subsets]
            digest.update(json.dumps(known).encode())
            digest.update(answer.truth.tobytes() + answer.ignored.tobytes())
        return digest.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write a compressed ``.npz`` of plain arrays, whole or not at all; ``OutputError``.

        A subset that only some pictures have is loaded as an empty one of the others.
        """
        made = self.answers
        names = sorted({name for answer in made for name in answer.subsets})
        no_faces, no_boxes = np.zeros(0, bool), np.zeros((0, 4), np.float32)
        members = [
            np.concatenate(
                [no_faces, *(a.subsets.get(name, np.zeros(len(a.truth), bool)) for a in made)]
            )
            for name in names
        ]
        words = {
            "detector": self.detector, "dataset": self.dataset, "split": self.split,
            "skipped": self.skipped, "threshold": self.threshold, "facts": dict(self.facts),
            "keys": self.keys, "subsets": names,
        }  # fmt: skip
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            words=np.array(json.dumps(words)),
            sizes=np.array([(a.width, a.height) for a in made], np.int64).reshape(-1, 2),
            ms=np.array([a.ms for a in made], np.float64),
            faces=np.array([len(a.truth) for a in made], np.int64),
            found=np.array([len(a.boxes) for a in made], np.int64),
            truth=np.concatenate([no_boxes, *(a.truth for a in made)]),
            ignored=np.concatenate([no_faces, *(a.ignored for a in made)]),
            members=np.array(members, bool).reshape(len(names), sum(len(a.truth) for a in made)),
            boxes=np.concatenate([no_boxes, *(a.boxes for a in made)]),
            scores=np.concatenate([np.zeros(0, np.float32), *(a.scores for a in made)]),
        )
        write_whole(Path(path), buffer.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Detections:
        """Read a file that ``save`` wrote; no code in it is executed. Raises ``InputError``."""
        try:
            return cls._of(read_arrays(Path(path)))
        except FileNotFoundError:
            raise InputError(f"no answers of a detector at {path}") from None
        except (OSError, ValueError, LookupError) as error:
            reason = getattr(error, "strerror", None) or one_line(error)
            raise InputError(
                f"{path} is not a file of a detector's answers by 'mien evaluate': {reason}"
            ) from None

    @classmethod
    def _of(cls, raw: Mapping[str, NDArray[Any]]) -> Detections:
        words = _words(raw["words"])
        keys, names = words.pop("keys"), words.pop("subsets")
        types = {"truth": "f", "boxes": "f", "scores": "f", "ms": "f", "ignored": "b"}
        types.update(members="b", faces="i", found="i", sizes="i")
        if not all(raw[name].dtype.kind == kind for name, kind in types.items()):
            raise ValueError("the types of its arrays do not match")
        n, m = int(raw["faces"].sum()), int(raw["found"].sum())
        shapes = {
            "sizes": (len(keys), 2), "ms": (len(keys),), "faces": (len(keys),),
            "found": (len(keys),), "truth": (n, 4), "ignored": (n,), "members": (len(names), n),
            "boxes": (m, 4), "scores": (m,),
        }  # fmt: skip
        fit = all(
            raw[name].shape == shape and np.isfinite(raw[name]).all()
            for name, shape in shapes.items()
        )
        # Numbers that are too large could have a sum that wraps around to the right one.
        counts = ((raw["faces"], n), (raw["found"], m))
        if not fit or not all(0 <= c.min(initial=0) <= c.max(initial=0) <= k for c, k in counts):
            raise ValueError("the shapes of its arrays do not match")
        if not 1 <= raw["sizes"].min(initial=1) <= raw["sizes"].max(initial=1) < 1 << 31:
            raise ValueError("its pictures have no pixels, or too many")
        if max(np.abs(raw[name]).max(initial=0) for name in ("truth", "boxes")) > _FAR:
            raise ValueError("its boxes are too far from the picture")
        answers, ends = [], (accumulate(raw["faces"].tolist()), accumulate(raw["found"].tolist()))
        for i, (end, last) in enumerate(zip(*ends, strict=True)):
            own = slice(end - int(raw["faces"][i]), end)
            boxes = slice(last - int(raw["found"][i]), last)
            answers.append(
                Answer(
                    key=keys[i],
                    width=int(raw["sizes"][i, 0]),
                    height=int(raw["sizes"][i, 1]),
                    truth=raw["truth"][own].astype(np.float32),
                    ignored=raw["ignored"][own],
                    subsets={name: raw["members"][k, own] for k, name in enumerate(names)},
                    boxes=raw["boxes"][boxes].astype(np.float32),
                    scores=raw["scores"][boxes].astype(np.float32),
                    ms=float(raw["ms"][i]),
                )
            )
            if (np.diff(answers[-1].scores) > 0).any():
                raise ValueError("its boxes are not sorted by score")
        return cls(
            detector=words["detector"],
            dataset=words["dataset"],
            split=words["split"],
            answers=tuple(answers),
            skipped=tuple(words["skipped"]),
            threshold=float(words["threshold"]),
            facts=words["facts"],
        )


def _words(array: NDArray[Any]) -> dict[str, Any]:
    """The texts and facts of a saved file. Raises ``ValueError`` if any has another type."""
    text = array.item()
    words = parse_json(text if isinstance(text, str) else "", finite=False)
    lists = ("keys", "subsets", "skipped")
    if not (
        isinstance(words, dict)
        and all(isinstance(words.get(name), str) for name in ("detector", "dataset", "split"))
        and all(isinstance(words.get(name), list) for name in lists)
        and all(isinstance(item, str) for name in lists for item in words[name])
        and len(set(words["subsets"])) == len(words["subsets"])
        and is_number(words.get("threshold"))
        and isinstance(words.get("facts"), dict)
    ):
        raise ValueError("its texts are incomplete")
    return words
