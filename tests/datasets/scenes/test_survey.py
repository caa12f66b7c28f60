from __future__ import annotations

import numpy as np
import pytest

from mien.datasets.scenes import survey
from mien.datasets.scenes.survey import survey_scenes
from mien.errors import DatasetError
from tests.support.marked import Marked, damaged, photo, piece, scene, square


@pytest.fixture
def marked() -> Marked:
    train = [scene(f"{i}", piece(100 + i, 90), *[square(9 + i)] * (i % 4)) for i in range(20)]
    crowd = scene("crowd", piece(500, 400), *[square(5)] * 300, ignored=(0, 1))
    return Marked(train=[*train, crowd], valid=[scene("v", piece(99, 99), square(9), ignored=(0,))])


def test_boxes_of_every_split_are_measured(marked: Marked) -> None:
    found = survey_scenes(marked, "train")
    assert found.faces["train"].tolist() == [*[0, 1, 2, 3] * 5, 298]
    expected = [9 + i for i in range(20) for _ in range(i % 4)] + [5] * 298
    assert found.sizes["train"].tolist() == pytest.approx(expected)
    assert found.faces["valid"].tolist() == [0] and not len(found.sizes["valid"])


def test_the_crowd_comes_first_then_others_at_random(marked: Marked) -> None:
    def keys(seed: int) -> list[str]:
        return [shown.key for shown in survey_scenes(marked, "train", seed=seed).pictures]

    assert keys(0)[0] == "crowd" and len(set(keys(0))) == 9
    assert keys(0) == keys(0) != keys(1)
    shown = survey_scenes(marked, "train").pictures[0]
    assert len(shown.boxes) == 300 and shown.ignored.sum() == 2


def test_large_pictures_are_shrunk_with_their_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "LONGEST", 128)
    large = Marked(train=[scene("a", photo, (256, 128, 512, 384))])
    (shown,) = survey_scenes(large, "train").pictures
    assert shown.image.shape == (128, 128, 3)
    assert shown.boxes.tolist() == [[64, 32, 128, 96]]
    quarter = photo().reshape(128, 4, 128, 4, 3).mean(axis=(1, 3))
    assert np.abs(shown.image - quarter).max() <= 1


def test_a_picture_that_cannot_be_read_gives_way_to_the_next() -> None:
    bad = [scene(f"bad{i}", damaged, *[square(9)] * 9) for i in range(2)]
    found = survey_scenes(Marked(train=[*bad, scene("good", piece(9, 9))]), "train")
    assert [shown.key for shown in found.pictures] == ["good"] and found.unreadable == 2
    for dataset in (Marked(train=bad), Marked(train=[])):
        with pytest.raises(DatasetError, match="no picture of split 'train' can be read"):
            survey_scenes(dataset, "train")


def test_an_unknown_split_is_reported(marked: Marked) -> None:
    with pytest.raises(DatasetError, match=r"no split 'test' .*train, valid"):
        survey_scenes(marked, "test")
