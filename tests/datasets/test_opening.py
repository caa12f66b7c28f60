from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mien import registry
from mien.datasets import opening
from mien.datasets.base import Dataset, DatasetFacts, SceneDataset
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, DatasetError, MienError, UnknownNameError
from tests.support import fer2013
from tests.support.fer2013 import Row
from tests.support.marked import Marked


def test_an_unknown_reader_lists_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'fer2013'\?"):
        open_dataset("x", "fer2031")


def test_a_wrong_reader_names_the_right_one(fer2013_rows: list[Row], tmp_path: Path) -> None:
    folder = fer2013.write_folder(tmp_path / "faces", {"3-Happy/me.png": fer2013_rows[0].image})
    with pytest.raises(
        DatasetError, match=r"is not FER2013: .*; readers that can read it: folder$"
    ):
        open_dataset(folder, "fer2013")
    table = fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows)
    with pytest.raises(DatasetError, match=r"readers that can read it: fer2013$"):
        open_dataset(table, "folder")
    with pytest.raises(DatasetError) as nothing:
        open_dataset(tmp_path / "nowhere")
    assert "readers" not in str(nothing.value)


class Complete:
    """A third party's reader of crops; ``path`` says what it lacks."""

    facts: Any = DatasetFacts(name="theirs", labels=("neutral",))

    def __init__(self, path: str) -> None:
        pass

    def splits(self) -> tuple[str, ...]:
        return ()

    def samples(self, split: str) -> Iterator[Any]:
        return iter(())

    def skipped(self, split: str) -> dict[str, list[str]]:
        return {}


def without(*members: str) -> Any:
    kept = {name: value for name, value in vars(Complete).items() if name not in members}
    return type("Theirs", (), kept)


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(registry.datasets, "_factories", {**registry.datasets._factories})
    return registry.register_dataset("theirs")


def test_facts_name_the_reader_that_was_used(
    theirs: Any, fer2013_rows: list[Row], tmp_path: Path
) -> None:
    theirs(Complete)
    assert open_dataset("x", "theirs").facts.reader == "theirs"
    table = fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows)
    assert open_dataset(table).facts.reader == "fer2013"
    assert open_dataset(table, "ferplus").facts.reader == "ferplus"


def test_common_options_go_to_what_takes_them(theirs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Optioned(Complete):
        def __init__(self, path: str, own: int = 0, both: str = "") -> None:
            self.given = (own, both)

    def wrap(dataset: Any, *, shared: int = 0, both: str = "") -> Any:
        return dataset, shared, both

    theirs(Optioned)
    monkeypatch.setattr(opening, "WRAPPERS", (wrap,))
    plain: Any = open_dataset("x", "theirs", ["own=1", "both=b"])
    assert plain.given == (1, "b")
    dataset, shared, both = open_dataset("x", "theirs", ["own=2", "shared=3"])  # type: ignore[misc]
    assert (dataset.given, shared, both) == ((2, ""), 3, "")
    with pytest.raises(ConfigError, match="data set: shared must be a whole number, got 'x'"):
        open_dataset("x", "theirs", ["shared=x"])


def test_both_protocols_are_recognised(theirs: Any) -> None:
    theirs(Complete)
    dataset = open_dataset("x", "theirs")
    assert isinstance(dataset, Dataset) and not isinstance(dataset, SceneDataset)
    assert isinstance(Marked(), SceneDataset) and not isinstance(Marked(), Dataset)


@pytest.mark.parametrize(
    ("members", "named"),
    [
        (("facts",), "without facts: "),
        (("skipped", "splits"), "without splits, skipped: "),
        (("samples",), "without samples or scenes: "),
    ],
)
def test_a_reader_that_lacks_a_member_is_refused(
    theirs: Any, members: tuple[str, ...], named: str
) -> None:
    theirs(without(*members))
    with pytest.raises(MienError, match=f"reader 'theirs' returns a Theirs {named}"):
        open_dataset("x", "theirs")


def test_a_reader_of_the_first_version_is_refused(theirs: Any) -> None:
    class Old(Complete):
        facts: Any = ("old", ())

    theirs(Old)
    with pytest.raises(MienError, match="without facts of the type DatasetFacts: a data set needs"):
        open_dataset("x", "theirs")
