"""``Spec``: facts stored as one JSON object in the metadata of an ONNX file."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, ClassVar, Protocol, Self

from mien.errors import ModelSpecError, brief
from mien.parsing import is_number, is_text, is_whole, parse_json

LARGEST_INPUT = 4096
"""Pixels a side; a larger value in a spec is a mistake."""
LARGEST_SHIFT = 10
"""Of a crop's margin and centre, in box sides; a larger one is a mistake."""
MOST_METADATA = 1 << 24
"""Bytes of the longest spec that is read."""


class OpenNetwork(Protocol):
    """An open ONNX file: ``mien.runtime.Session``, or ONNX Runtime's own."""

    def get_modelmeta(self) -> Any:
        """The file's metadata."""
        ...

    def get_outputs(self) -> Any:
        """Name, type and shape of each output."""
        ...


@dataclass(frozen=True, slots=True)
class Spec(ABC):
    """What a classifier's and a detector's spec share: facts of training, checks and JSON.

    Every field is checked when a spec is made, types included, because most specs are read from a
    file. Raises ``ModelSpecError``.
    """

    KEY: ClassVar[str]
    """Key of the JSON object in the file's ``metadata_props``."""
    TITLE: ClassVar[str]
    """What messages call it, such as ``model spec``."""
    ABSENT: ClassVar[str]
    """Ends the message about a file without one: what is unknown and what to do."""

    name: str
    trained_on: str = field(default="", kw_only=True)
    scores: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    """Measured figures by name, such as ``public_accuracy`` or ``valid_ap50``."""
    licence: str = field(default="", kw_only=True)
    sha256: str = field(default="", kw_only=True)
    """Of the weights before export: distinguishes two models of the same name."""
    card: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    """Free facts for people: data, split, seed, recipe, limits, intended use."""

    def __post_init__(self) -> None:
        texts = (self.name, self.trained_on, self.licence, self.sha256)
        scores = isinstance(self.scores, Mapping) and all(
            is_text(name) and is_number(score) for name, score in self.scores.items()
        )
        checks = [
            (all(map(is_text, texts)), "name, trained_on, licence and sha256 must be text"),
            *self._checks(),
            (scores, "scores must be finite numbers by name"),
            (_is_card(self.card), "card must be facts by name: texts, numbers, lists and objects"),
        ]
        problems = [text for good, text in checks if not good]
        if problems:
            raise ModelSpecError(f"invalid {self.TITLE} {brief(self.name)}: {'; '.join(problems)}")

    @abstractmethod
    def _checks(self) -> list[tuple[bool, str]]:
        """(whether it holds, what must hold) for each further check."""

    def to_metadata(self) -> dict[str, str]:
        """The ONNX ``metadata_props`` entry that ``from_metadata`` reads back to an equal spec."""
        return {self.KEY: json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], where: str = "model") -> Self:
        """Read a spec from ONNX metadata; ``where`` names the file in errors.

        Unknown keys are ignored, so that a newer file still works. Raises ``ModelSpecError`` if
        there is no spec or it is not valid.
        """
        if cls.KEY not in metadata:
            raise ModelSpecError(f"{where} has no Mien {cls.TITLE}, so {cls.ABSENT}")
        trouble = f"{where} has a damaged {cls.TITLE}"
        try:
            raw = parse_json(metadata[cls.KEY], most=MOST_METADATA, finite=False)
        except ValueError as error:
            raise ModelSpecError(f"{trouble}: {error}") from None
        required = [
            f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING
        ]
        if not isinstance(raw, dict) or any(key not in raw for key in required):
            raise ModelSpecError(f"{trouble}: expected an object with {', '.join(required)}")
        known = {f.name for f in fields(cls)} & raw.keys()
        values: dict[str, Any] = {
            key: tuple(v) if isinstance(v := raw[key], list) else v for key in known
        }
        try:
            return cls(**values)
        except ModelSpecError as error:
            raise ModelSpecError(f"{trouble}: {error}") from None


def read_metadata(session: OpenNetwork, where: object) -> Mapping[str, str]:
    """The ``metadata_props`` of an open ONNX file; ``where`` names the file in errors.

    Raises ``ModelSpecError`` if any of them is not text in UTF-8, which ONNX demands.
    """
    try:
        metadata: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
    except UnicodeDecodeError:
        raise ModelSpecError(
            f"{where} has damaged metadata, which is not UTF-8 text: export it again"
        ) from None
    return metadata


def are_sides(*values: Any) -> bool:
    """Whether all ``values`` are whole numbers of pixels from 1 to ``LARGEST_INPUT``."""
    return all(is_whole(value, 1, LARGEST_INPUT) for value in values)


def _is_card(card: Any) -> bool:
    """Whether JSON and UTF-8 can hold the facts in ``card``, a dict."""
    if not isinstance(card, Mapping):
        return False
    try:
        data = json.dumps(dict(card), ensure_ascii=False).encode()
        parse_json(data, most=MOST_METADATA, finite=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
