from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.datasets.crops.ferplus import FERPlus
from mien.datasets.opening import open_dataset
from mien.datasets.packing.pack import pack
from mien.datasets.samples import Sample
from mien.errors import ConfigError
from mien.labels import FER2013
from tests.support import tiny

torch = pytest.importorskip("torch")

from mien.train.classification.cleaning import softened, with_expression  # noqa: E402
from mien.train.classification.config import ClassifierConfig  # noqa: E402
from mien.train.classification.notes import notes_about  # noqa: E402
from mien.train.classification.spec import input_spec  # noqa: E402
from mien.train.classification.tensors import TensorSplit, load_split  # noqa: E402
from mien.train.trainer import train  # noqa: E402

VOTES = {  # neutral happiness surprise sadness anger disgust fear contempt unknown not-a-face
    "clear": (0, 10, 0, 0, 0, 0, 0, 0, 0, 0),
    "split": (6, 0, 0, 2, 0, 0, 0, 0, 2, 0),
    "unknown": (1, 0, 0, 2, 0, 1, 0, 0, 6, 0),
    "no face": (0, 0, 0, 1, 0, 0, 0, 0, 0, 9),
    "half a face": (5, 0, 0, 0, 0, 0, 0, 0, 0, 5),
    "slips": (0, 1, 1, 0, 0, 1, 0, 1, 1, 5),  # five single votes are none
    "contempt": (1, 0, 0, 0, 0, 0, 0, 9, 0, 0),
}


class Voted(tiny.Faces):
    """Pictures that are voted on like ``VOTES``, in turn."""

    def samples(self, split: str) -> Iterator[Sample]:
        votes = list(VOTES.values())
        for row, sample in enumerate(super().samples(split)):
            yield replace(sample, votes=votes[row % len(votes)])


def load(config: ClassifierConfig, data: tiny.Faces, split: str = "train") -> TensorSplit:
    spec = input_spec(config, data.facts.labels)
    return load_split(data, split, config, spec, torch.device("cpu"))


def test_pictures_in_which_most_see_no_expression_are_dropped() -> None:
    samples = [Sample(np.zeros((2, 2), np.uint8), 0, key, votes) for key, votes in VOTES.items()]
    samples.append(Sample(np.zeros((2, 2), np.uint8), 0, "without votes"))
    dropped: list[str] = []
    kept = [sample.key for sample in with_expression(samples, dropped)]
    assert dropped == ["unknown", "no face", "slips"]
    assert kept == ["clear", "split", "half a face", "contempt", "without votes"]


def test_they_are_those_that_the_reader_of_ferplus_leaves_out(shared: Path) -> None:
    path = shared / "data" / "fer2013.zip"
    dropped: list[str] = []
    for _ in with_expression(open_dataset(path, "fer2013").samples("public"), dropped):
        pass
    skipped = FERPlus(path).skipped("public")
    unclear = {*skipped["majority unknown"], *skipped["majority not a face"]}
    assert unclear and set(dropped) == unclear


def test_labels_are_softened_by_the_votes_for_the_same_expressions() -> None:
    votes = np.array([VOTES[name] for name in ("clear", "split", "contempt", "no face")], float)
    labels = np.array([FER2013.index(name) for name in ("fear", "neutral", "anger", "sadness")])
    found = softened(labels, votes.astype(np.float32), FER2013, 0.4)
    expected = np.zeros((4, 7))
    expected[0, FER2013.index("fear")], expected[0, FER2013.index("happiness")] = 0.6, 0.4
    expected[1, FER2013.index("neutral")] = 0.6 + 0.4 * 6 / 8
    expected[1, FER2013.index("sadness")] = 0.4 * 2 / 8
    expected[2, FER2013.index("anger")] = 1  # one vote for neutral is a slip, contempt no label
    expected[3, FER2013.index("sadness")] = 1
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(softened(labels, votes, FER2013, 0), np.eye(7)[labels])


def test_a_split_to_learn_from_is_cleaned_and_validation_is_not(tmp_path: Path) -> None:
    config = tiny.config(limit=None, ferplus_drop=True, ferplus_soften=0.5)
    data = Voted(70)
    pack(data, "bars", tmp_path / "pack", size=48, workers=1)
    for each in (data, open_dataset(tmp_path / "pack", "packed")):
        loaded = load(config, each)
        kept = [row for row in range(70) if row % 7 not in (2, 3, 5)]
        assert loaded.labels.tolist() == [row % 7 for row in kept] and loaded.dropped == 30
        assert loaded.targets is not None and loaded.targets.shape == (40, 7)
        assert loaded.targets[0].tolist() == [0.5, 0, 0, 0.5, 0, 0, 0]  # anger; all saw happiness
        validation = load(config, each, "public")
        assert len(validation) == 70 and validation.targets is None and validation.dropped == 0
    notes = notes_about(config, FER2013, load(config, data), None)
    assert any("leaves out 30 of 70 pictures" in note for note in notes)


def test_a_limit_counts_what_is_left() -> None:
    config = tiny.config(limit=35, ferplus_drop=True)
    loaded = load(config, Voted(70))
    assert len(loaded) == 35 and loaded.dropped == 30
    assert set(loaded.labels.tolist()) == {0, 1, 4, 6}


def test_data_without_votes_are_used_as_they_are() -> None:
    config = tiny.config(limit=None, ferplus_drop=True, ferplus_soften=0.5)
    loaded = load(config, tiny.Faces(14, votes=False))
    assert len(loaded) == 14 and loaded.targets is None


def test_labels_that_are_soft_are_not_softened() -> None:
    class Soft(Voted):
        def samples(self, split: str) -> Iterator[Sample]:
            return (replace(s, target=(1.0, *[0.0] * 6)) for s in super().samples(split))

    with pytest.raises(ConfigError, match=r"^ferplus_soften: this data set gives soft labels"):
        load(tiny.config(ferplus_soften=0.5), Soft())


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"loss": "svm", "label_smoothing": 0.0}, "set ferplus_soften to 0"),
        ({"architecture": "knn"}, "leave ferplus_soften out"),
        ({"ferplus_soften": 1.5}, "ferplus_soften"),
    ],
)
def test_what_softening_cannot_go_with(keys: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        tiny.config(**{"ferplus_soften": 0.5, "ema": 0.0, **keys})


def test_a_run_learns_from_cleaned_labels_and_is_not_resumed_without_votes(tmp_path: Path) -> None:
    config = tiny.config(
        architecture="mlp", epochs=1, limit=32, ferplus_soften=1.0, label_smoothing=0.0
    )
    (row,) = train(config, tiny.Faces(), tmp_path / "run")
    assert np.isfinite(row["train_loss"])
    with pytest.raises(ConfigError, match=r"with FER\+ votes, and this copy of the data comes"):
        train(config, tiny.Faces(votes=False), tmp_path / "run", resume=True)
