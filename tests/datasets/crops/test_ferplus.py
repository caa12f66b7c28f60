from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mien.datasets.crops.ferplus import NO_MAJORITY, best_two, majority, soft
from mien.datasets.opening import open_dataset
from mien.errors import ConfigError, DatasetError
from mien.labels import FERPLUS
from tests.support import fer2013
from tests.support.fer2013 import Row


def sparse(**votes: int) -> list[int]:
    columns = (*FERPLUS, "unknown", "nf")
    return [votes.get(column, 0) for column in columns]


def named(target: tuple[float, ...]) -> dict[str, float]:
    return {FERPLUS[i]: share for i, share in enumerate(target) if share}


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        (sparse(anger=6, fear=4), "anger"),
        (sparse(anger=5, fear=5), -1),  # not more than half
        (sparse(anger=4, fear=3, sadness=2), -1),
        (sparse(unknown=6, anger=4), 8),
        (sparse(nf=10), 9),
        (sparse(), -1),
    ],
)
def test_majority_by_hand(votes: list[int], label: str | int) -> None:
    expected = FERPLUS.index(label) if isinstance(label, str) else label
    assert majority(votes).label == expected
    if isinstance(label, str):
        assert named(majority(votes).target) == {label: 1.0}


@pytest.mark.parametrize(
    ("votes", "label", "target"),
    [
        (sparse(anger=8, fear=2), "anger", {"anger": 1.0}),  # three quarters are reached
        (sparse(anger=6, fear=4), "anger", {"anger": 0.6, "fear": 0.4}),
        (sparse(neutral=4, fear=3, sadness=2), "neutral", {"neutral": 4 / 7, "fear": 3 / 7}),
        (sparse(neutral=5, unknown=4), "neutral", {"neutral": 1.0}),
        (sparse(neutral=4, unknown=4), -1, {}),  # half of the votes is not enough
        (sparse(neutral=3, unknown=4, fear=3), 8, {}),
        (sparse(neutral=2, fear=2, anger=2, sadness=2, disgust=2), -1, {}),  # too many
        (sparse(fear=5, anger=5), "anger", {"anger": 0.5, "fear": 0.5}),  # the first of equals
    ],
)
def test_soft_by_hand(votes: list[int], label: str | int, target: dict[str, float]) -> None:
    verdict = soft(votes)
    assert verdict.label == (FERPLUS.index(label) if isinstance(label, str) else label)
    assert named(verdict.target) == pytest.approx(target)


@pytest.mark.parametrize(
    ("votes", "label", "target"),
    [
        (sparse(anger=8, fear=2), "anger", {"anger": 1.0}),
        (sparse(anger=4, fear=6), "fear", {"anger": 0.5, "fear": 0.5}),
        (sparse(neutral=4, fear=3, anger=3), "neutral", {"neutral": 0.5, "anger": 0.5}),
        (sparse(neutral=4, fear=2, anger=2, sadness=2), -1, {}),
        (sparse(neutral=3, fear=3, unknown=4), 8, {}),
    ],
)
def test_best_two_by_hand(votes: list[int], label: str | int, target: dict[str, float]) -> None:
    verdict = best_two(votes)
    assert verdict.label == (FERPLUS.index(label) if isinstance(label, str) else label)
    assert named(verdict.target) == target


def test_the_real_votes(shared: Path) -> None:
    """Counts that the authors' own code, src/ferplus.py, gives on the same file."""
    path = shared / "data" / "fer2013.zip"
    hard = open_dataset(path, "ferplus")
    assert hard.facts.labels == FERPLUS
    counts = Counter(FERPLUS[sample.label] for sample in hard.samples("public"))
    assert counts == {
        "neutral": 1182, "happiness": 865, "surprise": 415, "sadness": 351, "anger": 287,
        "fear": 62, "disgust": 24, "contempt": 13,
    }  # fmt: skip
    skipped = hard.skipped("public")  # type: ignore[attr-defined]
    assert {reason: len(keys) for reason, keys in skipped.items()} == {
        NO_MAJORITY: 367, "majority unknown": 13, "majority not a face": 10,
    }  # fmt: skip
    for votes, total in (("soft", 3505), ("best_two", 3439)):
        samples = list(open_dataset(path, "ferplus", [f"votes={votes}"]).samples("public"))
        assert len(samples) == total
        targets = np.array([sample.target for sample in samples])
        assert targets.shape == (total, 8) and np.allclose(targets.sum(axis=1), 1)
        assert all(t[s.label] == t.max() for t, s in zip(targets, samples, strict=True))


def test_seven_classes_know_no_contempt(fer2013_rows: list[Row], tmp_path: Path) -> None:
    votes = {
        "2,0,0,0,0,0,0,8,0,0": (7, 0),  # what most see; without them, what the others see
        "0,4,0,0,0,0,0,6,0,0": (7, 1),
        "0,1,0,0,0,0,0,9,0,0": (7, None),
        "0,0,0,0,4,0,2,4,0,0": (None, 4),
    }
    rows = [fer2013_rows[0]._replace(votes=text) for text in votes]
    members = {**fer2013.files(rows), "ferplus.csv": fer2013.votes_file(rows)}
    path = fer2013.write_folder(tmp_path, members)
    for place, classes in enumerate(("8", "7")):
        dataset = open_dataset(path, "ferplus", [f"classes={classes}"])
        expected = [labels[place] for labels in votes.values()]
        assert [s.label for s in dataset.samples("train")] == [x for x in expected if x is not None]
        assert dataset.facts.labels == FERPLUS[: int(classes)]
    soft = list(open_dataset(path, "ferplus", ["classes=7", "votes=soft"]).samples("train"))
    assert all(s.target is not None and len(s.target) == 7 for s in soft)


def test_pictures_are_those_of_fer2013(fer2013_rows: list[Row], tmp_path: Path) -> None:
    rows = [row._replace(votes="10,0,0,0,0,0,0,0,0,0") for row in fer2013_rows]
    members = {**fer2013.files(rows), "ferplus.csv": fer2013.votes_file(rows)}
    dataset = open_dataset(fer2013.write_zip(tmp_path / "f.zip", members), "ferplus")
    assert dataset.splits() == ("train", "public", "private")
    for row, sample in zip(rows, dataset.samples("train"), strict=False):
        assert np.array_equal(sample.image, row.image)
        assert sample.votes == (10, *[0] * 9)


def test_what_cannot_be_followed(fer2013_rows: list[Row], tmp_path: Path) -> None:
    path = fer2013.write_csv(tmp_path / "fer2013.csv", fer2013_rows)
    with pytest.raises(DatasetError, match=r"holds no FER\+ votes: put ferplus.csv"):
        list(open_dataset(path, "ferplus").samples("train"))
    for option, words in (("classes=9", "classes=7"), ("votes=all", "majority, soft, best_two")):
        with pytest.raises(ConfigError, match=words):
            open_dataset(path, "ferplus", [option])
    with pytest.raises(ConfigError, match=r"unknown option 'vote': did you mean 'votes'"):
        open_dataset(path, "ferplus", ["vote=soft"])
