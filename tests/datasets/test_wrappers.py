"""What wraps a data set passes on every fact of it, those that are added later too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.datasets.base import DatasetFacts, Official
from mien.datasets.opening import open_dataset
from mien.datasets.packing.pack import pack
from mien.datasets.read_once import ReadOnce
from mien.datasets.samples import Sample
from mien.datasets.splits import resplit
from mien.preprocess.framing import FER2013_FRAMING
from tests.support.marked import Marked, scene

FACTS = DatasetFacts(
    name="inner",
    labels=("neutral", "contempt"),
    origin="outer",
    official=Official({"train": 3}, 50.0),
    division=("random:50/50", "valid", 7),
    reader="inner",
    notes=("column label: emotion",),
    framing=FER2013_FRAMING,
    detected=("mtcnn", "all"),
)
SKIPPED = {"box has no area": ["a", "b"]}


class Inner:
    """Ten crops; every fact of it is another one than by default."""

    facts = FACTS

    def splits(self) -> tuple[str, ...]:
        return "train", "public"

    def samples(self, split: str) -> Any:
        return (Sample(np.full((4, 4), i, np.uint8), i % 2, f"{split} {i}") for i in range(10))

    def skipped(self, split: str) -> dict[str, list[str]]:
        return SKIPPED if split == "public" else {}


class InnerScenes(Marked):
    """Ten whole pictures; what is skipped is of no single one."""

    facts = FACTS

    def __init__(self) -> None:
        pictures = [scene(f"{i}.jpg", np.full((4, 4), i, np.uint8)) for i in range(10)]
        super().__init__(train=pictures, public=pictures)

    def skipped(self, split: str) -> dict[str, list[str]]:
        return SKIPPED if split == "public" else {}


def packed(tmp_path: Path) -> Any:
    pack(Inner(), "source", tmp_path / "pack", size=8)
    return open_dataset(tmp_path / "pack", "packed")


# What each wrapper says of its own; of a pack, whose pictures are others, no published form is
# known.
OWN: dict[str, tuple[Callable[[Path], Any], dict[str, Any]]] = {
    "divided crops": (
        lambda _: resplit(Inner(), "random:80/20", seed=3),
        {"division": ("random:80/20", "train", 3)},
    ),
    "divided scenes": (
        lambda _: resplit(InnerScenes(), "random:80/20", seed=3),
        {"division": ("random:80/20", "train", 3)},
    ),
    "read once": (lambda _: ReadOnce(Inner()), {}),
    "packed": (
        packed,
        {"name": "inner packed at 8", "official": None, "reader": "packed", "notes": ()},
    ),
}


def test_every_fact_differs_from_its_default() -> None:
    default = DatasetFacts(name="")
    for field in fields(DatasetFacts):
        assert getattr(FACTS, field.name) != getattr(default, field.name), field.name


@pytest.mark.parametrize("wrapper", OWN)
def test_a_wrapper_passes_on_every_fact(wrapper: str, tmp_path: Path) -> None:
    make, own = OWN[wrapper]
    found = make(tmp_path).facts
    for field in fields(DatasetFacts):
        expected = own.get(field.name, getattr(FACTS, field.name))
        assert getattr(found, field.name) == expected, field.name


@pytest.mark.parametrize("wrapper", OWN)
def test_a_wrapper_passes_on_what_is_skipped(wrapper: str, tmp_path: Path) -> None:
    dataset = OWN[wrapper][0](tmp_path)
    assert dataset.skipped("public") == SKIPPED
    assert dataset.skipped(dataset.splits()[0]) == {}
